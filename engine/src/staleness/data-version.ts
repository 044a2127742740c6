/** Data versions: what the code tells, else a hash of code version and inputs' versions, else a new one for each materialization. */
import { createHash } from "node:crypto";
import type { RunEvent } from "@dagster-operator/sdk/internal";
import type { AssetEventRecord, NewestAsk } from "../ports/asset-storage.ts";

type Materialization = Extract<RunEvent, { type: "ASSET_MATERIALIZATION" }>;
type AssetEvent = AssetEventRecord["event"];

/** Version of an input that was never made nor observed, as in Dagster. */
const INITIAL = "INITIAL";

/** Version of the data that a record tells of. */
export const dataVersionOf = ({ id, runId, event }: AssetEventRecord): string =>
  runId === null ? (event.dataVersion ?? `event-${id}`) : versionIn(runId, event);

// Known before the event has its number: what is made of it in the same batch has it among its inputs.
const versionIn = (runId: string, { dataVersion, ts }: AssetEvent): string =>
  dataVersion ?? `run-${runId.slice(0, 8)}-${ts.toString(36)}`;

const isAssetEvent = (event: RunEvent): event is AssetEvent =>
  event.type === "ASSET_MATERIALIZATION" || event.type === "ASSET_OBSERVATION";
const derives = (event: RunEvent): event is Materialization & { versionInputs: object } =>
  event.type === "ASSET_MATERIALIZATION" && event.versionInputs !== undefined;
const sha256 = (parts: string[]) => createHash("sha256").update(parts.join("")).digest("hex");
const place = (kind: string, key: string[], partition?: string) =>
  JSON.stringify([kind, key, partition ?? null]);

/**
 * The same events, where materializations that tell code version and inputs have the data version that these make. `newest` is
 * asked once, and not at all for events without; what earlier events of the batch made counts.
 */
export async function withDataVersions(
  runId: string,
  events: readonly RunEvent[],
  newest: (asks: NewestAsk[]) => Promise<(AssetEventRecord | null)[]>,
): Promise<readonly RunEvent[]> {
  const asked = events.filter(derives);
  if (asked.length === 0) return events;
  const asks = new Map<string, NewestAsk>();
  for (const { versionInputs } of asked)
    for (const { asset: key, partitions } of versionInputs ?? [])
      for (const kind of ["materialization", "observation"] as const)
        for (const partition of partitions ?? [undefined])
          asks.set(place(kind, key, partition), { key, kind, partition });
  const versions = new Map<string, string>();
  const found = await newest([...asks.values()]);
  for (const [at, id] of [...asks.keys()].entries()) {
    const record = found[at];
    if (record) versions.set(id, dataVersionOf(record));
  }
  const version = (key: string[], partition?: string) =>
    versions.get(place("materialization", key, partition)) ??
    versions.get(place("observation", key, partition));
  return events.map((event) => {
    if (!isAssetEvent(event)) return event;
    let told: AssetEvent = event;
    if (derives(event)) {
      const { versionInputs, ...rest } = event;
      const inputs = (versionInputs ?? [])
        .toSorted((a, b) => (a.asset.join("/") < b.asset.join("/") ? -1 : 1))
        .map(({ asset, partitions }) =>
          partitions === null
            ? (version(asset) ?? INITIAL)
            : sha256(partitions.toSorted().flatMap((partition) => version(asset, partition) ?? [])),
        );
      told = { ...rest, dataVersion: event.dataVersion ?? sha256([event.codeVersion ?? runId, ...inputs]) };
    }
    const kind = event.type === "ASSET_MATERIALIZATION" ? "materialization" : "observation";
    for (const partition of new Set([undefined, event.partition]))
      versions.set(place(kind, event.asset, partition), versionIn(runId, told));
    return told;
  });
}
