/** The same assets, and what happened to them, as real Dagster had (fixtures/make_staleness_golden.py) are stale for the same causes. */
import { readFileSync } from "node:fs";
import {
  type AssetDefinition,
  asset,
  assetIn,
  Definitions,
  dailyPartitions,
  inMemory,
  materialize,
  observableAsset,
  type PartitionMapping,
  staticPartitions,
  weeklyPartitions,
} from "@dagster-operator/sdk";
import { openMemoryStorage } from "@dagster-operator/storage/testing";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { backfillPartitions, lookAtStaleness, type Storage } from "../src/index.ts";
import { materialization, snapshotOf, startedRun, workerBatch } from "../src/testing/index.ts";

interface Spec {
  key: string;
  deps: { key: string; mapping?: PartitionMapping }[];
  partitions: { kind: "daily" | "weekly" | "static"; start: string; end: string; keys: string[] } | null;
  codeVersion: string | null;
  dataVersion: string | null;
  observed: string | null;
}
interface Step {
  do: [string, never, never?][];
  status: Record<string, [string, string[][]]>;
}
const golden = JSON.parse(
  readFileSync(new URL("fixtures/staleness_golden.json", import.meta.url), "utf8"),
) as { scenarios: { name: string; assets: Spec[]; steps: Step[] }[] };

let storage: Storage;
beforeAll(async () => {
  storage = await openMemoryStorage();
});
afterAll(() => storage.close());

function partitions(spec: NonNullable<Spec["partitions"]>) {
  if (spec.kind === "static") return staticPartitions(spec.keys);
  const { kind, ...options } = spec;
  return kind === "daily" ? dailyPartitions(options) : weeklyPartitions(options);
}

function definitions(specs: readonly Spec[], prefix: string): Definitions {
  const made = new Map<string, AssetDefinition>();
  for (const spec of specs) {
    const { key, codeVersion, dataVersion: version, observed } = spec;
    const deps = spec.deps.map((dep) => {
      const upstream = made.get(dep.key);
      if (!upstream) throw new Error(`${key} is before ${dep.key}`);
      return dep.mapping ? assetIn(upstream, { mapping: dep.mapping }) : upstream;
    });
    const meta = {
      keyPrefix: prefix,
      deps,
      ...(spec.partitions && { partitions: partitions(spec.partitions) }),
      ...(codeVersion !== null && { codeVersion }),
    };
    made.set(
      key,
      observed === null
        ? asset(key, meta, ({ dataVersion }) => {
            if (version !== null) dataVersion(version);
          })
        : observableAsset(key, { keyPrefix: prefix }, () => observed),
    );
  }
  return new Definitions({ assets: [...made.values()] });
}

/** Real steps in this process; their events, as a run worker sends them. */
async function run(code: Definitions, selection: string, partitionKey: string | undefined): Promise<void> {
  const resources = { ioManager: inMemory() };
  const { events } = await materialize(code, { selection, resources, ...(partitionKey && { partitionKey }) });
  const { runId } = await startedRun(storage);
  await storage.events.append(workerBatch(runId, [...events]));
}

test.each(golden.scenarios)("$name", async ({ name, assets, steps }) => {
  const prefix = name.replaceAll(/[^a-z]/g, "_");
  const specs = new Map(assets.map((spec) => [spec.key, { ...spec }]));
  for (const [index, step] of steps.entries()) {
    for (const [what, key, value] of step.do) {
      const spec = specs.get(key);
      const keys = ([key].flat() as string[]).map((each) => `key:"${prefix}/${each}"`).join(" or ");
      if (what === "report")
        await storage.assets.reportExternal(materialization([prefix, key], { ts: Date.now() }));
      else if (what !== "make" && spec)
        Object.assign(spec, { [what === "observe" ? "observed" : what]: value });
      // Times are told in milliseconds, and some of what is compared here is told by time.
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (what === "make" || what === "observe")
        await run(definitions([...specs.values()], prefix), keys, what === "make" ? value : undefined);
    }
    const snapshot = snapshotOf(definitions([...specs.values()], prefix));
    const defs = new Map(snapshot.assets.map((def) => [def.key.join("/"), def]));
    const reads = {
      def: (key: string[]) => defs.get(key.join("/")),
      newest: async (ask: Parameters<Storage["assets"]["newest"]>[0][number]) =>
        (await storage.assets.newest([ask]))[0] ?? null,
      at: (of: Parameters<typeof backfillPartitions>[1]) => backfillPartitions(storage, of, Date.now()),
      mapped: async () => null,
    };
    const told: Step["status"] = {};
    for (const place of Object.keys(step.status)) {
      const [key = "", partition = null] = place.split("|");
      const def = defs.get(`${prefix}/${key}`);
      if (!def) throw new Error(`no asset ${key}`);
      const { status, causes } = await lookAtStaleness(reads, def, partition);
      told[place] = [
        status,
        causes
          .map((cause) => [
            cause.key.slice(1).join("/") + (cause.partition === null ? "" : `|${cause.partition}`),
            cause.category,
            cause.reason.replace(`${prefix}/`, ""),
          ])
          .sort(),
      ];
    }
    expect([index, step.do, told]).toEqual([index, step.do, step.status]);
  }
});
