/** Run and Backfill manifests as requests to the queue. Pure: a snapshot in, requests out. */
import { InvalidInput, NotFound, type SubmitRequest } from "@dagster-operator/engine";
import {
  ASSET_JOB,
  type DefinitionsSnapshot,
  type PartitionsDef,
  partitionKeys,
  resolveSelection,
} from "@dagster-operator/sdk/internal";
import { hint } from "../input/suggest.ts";
import type { ManifestRequest } from "./planning.ts";

/** One request for each partition of a Backfill, one for a Run. @throws NotFound · InvalidInput what the code does not have */
export function toSubmitRequests(
  request: ManifestRequest,
  snapshot: DefinitionsSnapshot,
  /** `dynamic` absent: the keys of dynamic partitions are not known here and not checked. */
  at: { now: number; dynamic?: (name: string) => string[] },
): SubmitRequest[] {
  const { kind, name, place, location, runConfig, tags, idempotencyKey } = request;
  const of = `${kind} ${name} (${place})`;
  const assets =
    request.job === undefined ? selected(request.assetSelection ?? "*", snapshot, of) : undefined;
  const job = request.job ?? ASSET_JOB;
  const definition = snapshot.jobs.find((candidate) => candidate.name === job);
  if (!definition)
    throw new NotFound(
      `${of}: job`,
      job,
      hint(
        job,
        snapshot.jobs.map((candidate) => candidate.name),
      ).trim() || `location ${location} does not define it`,
    );
  const base: SubmitRequest = { location, job, assets, runConfig, tags };
  const partitions = definition.partitions ?? partitionsOf(assets ?? [], snapshot);
  const known = (): string[] | null =>
    !partitions || (!at.dynamic && isDynamic(partitions))
      ? null
      : partitionKeys(partitions, { now: at.now, dynamic: at.dynamic ?? (() => []) });
  if (kind === "Run") {
    const { partitionKey: key } = request;
    if (key !== undefined) keysOf({ ...request, partitionKeys: [key] }, known(), of);
    return [{ ...base, partition: key === undefined ? undefined : { key }, idempotencyKey }];
  }
  if (!partitions)
    throw new InvalidInput(`${of}: what it runs has no partitions (or its assets have different ones)`);
  const keys = keysOf(request, known(), of);
  return keys.map((key) => ({
    ...base,
    partition: { key },
    tags: { ...tags, "dagster/backfill": name },
    idempotencyKey: `${idempotencyKey}:${key}`,
  }));
}

function selected(selection: string, { assets }: DefinitionsSnapshot, of: string): string[][] {
  let keys: string[][];
  try {
    keys = resolveSelection(assets, selection);
  } catch (error) {
    throw new InvalidInput(`${of}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const runnable = new Set(
    assets.filter(({ kind }) => kind === "materializable").map(({ key }) => JSON.stringify(key)),
  );
  const wanted = keys.filter((key) => runnable.has(JSON.stringify(key)));
  if (wanted.length === 0) throw new InvalidInput(`${of}: "${selection}" selects no asset that can be made`);
  return wanted;
}

/** The partitions that the partitioned ones of these assets share. */
function partitionsOf(keys: string[][], { assets }: DefinitionsSnapshot): PartitionsDef | null {
  const wanted = new Set(keys.map((key) => JSON.stringify(key)));
  const found = new Map(
    assets
      .filter(({ key, partitions }) => partitions !== null && wanted.has(JSON.stringify(key)))
      .map(({ partitions }) => [JSON.stringify(partitions), partitions]),
  );
  return found.size === 1 ? ([...found.values()][0] ?? null) : null;
}

/** Keys that are named, or those of the range. `all` null: they are not known here. */
function keysOf(
  { partitionKeys: named, partitionRange: range }: ManifestRequest,
  all: string[] | null,
  of: string,
): string[] {
  if (all === null) return named ?? [];
  const known = new Set(all);
  const wanted = named ?? (range ? [range.start, range.end] : []);
  const missing = wanted.filter((key) => !known.has(key));
  if (missing.length > 0)
    throw new InvalidInput(
      `${of}: there is no partition ${missing.join(", ")}; there are ${all.length}, from ${all[0] ?? "-"} to ${all.at(-1) ?? "-"}`,
    );
  if (!range) return wanted;
  const keys = all.slice(all.indexOf(range.start), all.indexOf(range.end) + 1);
  if (keys.length === 0)
    throw new InvalidInput(
      `${of}: its range begins with ${range.start}, which is after its end ${range.end}`,
    );
  return keys;
}

const isDynamic = (def: PartitionsDef): boolean =>
  def.kind === "dynamic" ||
  (def.kind === "multi" && def.dimensions.some(({ partitions }) => isDynamic(partitions)));
