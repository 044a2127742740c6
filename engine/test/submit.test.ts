import { randomUUID } from "node:crypto";
import { asset, Definitions, defineAssetJob, graphAsset, job, op, resource, z } from "@dagster-operator/sdk";
import { dailyPartitions, staticPartitions } from "@dagster-operator/sdk/internal";
import { openMemoryStorage } from "@dagster-operator/storage/testing";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  InvalidInput,
  NotFound,
  reexecuteRun,
  type Storage,
  type SubmitDeps,
  submitRun,
  submitRuns,
  Unavailable,
} from "../src/index.ts";
import { MemoryWorkspace } from "../src/testing/index.ts";
import { refusal } from "./refusal.ts";

const NOW = Date.parse("2026-03-10T12:00:00Z");
const daily = dailyPartitions({ start: "2026-03-01" });
const orders = asset("orders", { partitions: daily }, () => 1);
const revenue = asset("revenue", { partitions: daily, inputs: { orders } }, () => 2);
const regions = asset("regions", { partitions: staticPartitions(["north", "south"]) }, () => 3);
const report = asset(["marts", "report"], { config: z.object({ title: z.string() }) }, () => 4);
const api = resource({ config: z.object({ url: z.string() }), create: ({ config }) => config.url });
const scale = op("scale", { config: z.object({ by: z.number() }), resources: { api } }, () => 5);
const scaled = graphAsset("scaled", {}, () => scale());
const first = op("first", { config: z.object({ factor: z.number() }) }, () => 1);
const second = op("second", { inputs: { first } }, () => 2);
const steps = job(
  "steps",
  { runConfig: { ops: { first: { config: { factor: 1 } } } }, tags: { team: "data" } },
  () => {
    second({ first: first() });
  },
);
const definitions = new Definitions({
  assets: [orders, revenue, regions, report, scaled],
  jobs: [steps, defineAssetJob("sales", { selection: "orders or revenue", partitions: daily })],
});

let storage: Storage;
let deps: SubmitDeps;
const workspace = new MemoryWorkspace();
beforeAll(async () => {
  storage = await openMemoryStorage();
  workspace.set("shop", definitions);
  deps = { storage, workspace, now: () => NOW, newId: () => randomUUID() };
});
afterAll(() => storage.close());

describe("submitting", () => {
  test("writes a queued run with the job's default config and tags, Dagster's tags and the code version", async () => {
    const { runId, created } = await submitRun(deps, { location: "shop", job: "steps", tags: { who: "me" } });
    expect(created).toBe(true);
    const run = await storage.runs.get(runId);
    expect(run).toMatchObject({
      status: "QUEUED",
      job: "steps",
      assets: null,
      runConfig: { ops: { first: { config: { factor: 1 } } } },
      tags: { team: "data", who: "me", ".dagster/repository": "__repository__@shop" },
      codeVersion: workspace.get("shop")?.codeVersion,
      partition: null,
    });
  });

  test("takes the partition from Dagster's tag, and tags the run with its partition", async () => {
    const request = { location: "shop", job: "sales" };
    const byTag = await submitRun(deps, { ...request, tags: { "dagster/partition": "2026-03-05" } });
    expect((await storage.runs.get(byTag.runId))?.partition).toEqual({ key: "2026-03-05" });
    const byKey = await submitRun(deps, { ...request, partition: { key: "2026-03-05" } });
    expect((await storage.runs.get(byKey.runId))?.tags["dagster/partition"]).toBe("2026-03-05");
    const range = { start: "2026-03-02", end: "2026-03-04" };
    const byRange = await submitRun(deps, { ...request, partition: range });
    expect((await storage.runs.get(byRange.runId))?.tags).toMatchObject({
      "dagster/asset_partition_range_start": "2026-03-02",
      "dagster/asset_partition_range_end": "2026-03-04",
    });
  });

  test("of assets that have no partitions needs none, though all others of the location share theirs", async () => {
    const mixed = new MemoryWorkspace();
    mixed.set("mixed", new Definitions({ assets: [orders, revenue, asset("films", {}, () => 1)] }));
    const here = { ...deps, workspace: mixed };
    const { runId } = await submitRun(here, { location: "mixed", assets: [["films"]] });
    expect((await storage.runs.get(runId))?.partition).toBeNull();
    for (const what of [{ assets: [["films"], ["orders"]] }, { assets: [["orders"]] }])
      expect((await refusal(submitRun(here, { location: "mixed", ...what }))).message).toContain(
        'asset orders is partitioned: name a partition key, from "2026-03-01" to "2026-03-09"',
      );
  });

  test("the same idempotency key gives the first run back", async () => {
    const request = { location: "shop", job: "steps", idempotencyKey: "once" };
    const one = await submitRun(deps, request);
    expect(await submitRun(deps, request)).toEqual({ runId: one.runId, created: false });
  });

  test("a location that is unknown, loading, broken or shut down is told apart", async () => {
    expect(await refusal(submitRun(deps, { location: "shup", job: "steps" }))).toEqual(
      new NotFound("code location", "shup", 'did you mean "shop"?'),
    );
    const elsewhere = new MemoryWorkspace();
    elsewhere.set("shop", definitions);
    for (const [state, hint] of [
      ["LOADING", "is loading"],
      ["ERROR", "does not load"],
      ["SHUTDOWN", "was shut down"],
    ] as const) {
      elsewhere.change("shop", { state });
      const error = await refusal(
        submitRun({ ...deps, workspace: elsewhere }, { location: "shop", job: "steps" }),
      );
      expect(error).toBeInstanceOf(Unavailable);
      expect(error.message).toContain(hint);
    }
  });

  test.each([
    ["an unknown job", { job: "stepz" }, NotFound, 'did you mean "steps"?'],
    ["no assets for the implicit job", {}, InvalidInput, "no assets are selected"],
    ["an unknown asset", { assets: [["order"]] }, InvalidInput, "order"],
    ["an unknown step", { job: "steps", steps: ["third"] }, InvalidInput, "third"],
    ["a partitioned job without a partition", { job: "sales" }, InvalidInput, "job sales is partitioned"],
    [
      "a partition that is almost right",
      { assets: [["regions"]], partition: { key: "nort" } },
      InvalidInput,
      'asset regions has no partition "nort": did you mean "north"?',
    ],
    [
      "a partition that is not there yet",
      { job: "sales", partition: { key: "2031-12-31" } },
      InvalidInput,
      'it has 9, from "2026-03-01" to "2026-03-09"',
    ],
    [
      "a range that goes backwards",
      { job: "sales", partition: { start: "2026-03-04", end: "2026-03-02" } },
      InvalidInput,
      "after its end",
    ],
    [
      "a partition for what has none",
      { job: "steps", partition: { key: "x" } },
      InvalidInput,
      "nothing in this run",
    ],
  ])("refuses %s", async (_what, request, kind, message) => {
    const error = await refusal(submitRun(deps, { location: "shop", ...request }));
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toContain(message);
  });

  test("refuses run config of the wrong type with its path, before a row is written, and the whole batch with it", async () => {
    const before = await storage.runs.count({});
    const bad = {
      location: "shop",
      job: "steps",
      runConfig: { ops: { first: { config: { factor: "two" } } } },
    };
    const error = await refusal(submitRuns(deps, [{ location: "shop", job: "steps" }, bad]));
    expect((error as InvalidInput).issues.map(({ path }) => path)).toEqual(["ops.first.config.factor"]);
    expect(error.message).toContain("job steps");
    expect(await storage.runs.count({})).toBe(before);
  });

  test("asks for the config inside a graph and of a resource that only some steps open", async () => {
    const error = await refusal(submitRun(deps, { location: "shop", assets: [["scaled"]] }));
    expect((error as InvalidInput).issues).toEqual([
      { path: "ops.scaled.ops.scale.config", message: "needs config: by" },
      { path: "resources.api.config", message: "needs config: url" },
    ]);
    const runConfig = {
      ops: { scaled: { ops: { scale: { config: { by: 2 } } } } },
      resources: { api: { config: { url: "https://example.org" } } },
    };
    await expect(
      submitRun(deps, { location: "shop", assets: [["scaled"]], runConfig }),
    ).resolves.toBeDefined();
    await expect(submitRun(deps, { location: "shop", job: "steps" })).resolves.toBeDefined();
  });

  test("asks config only of what is selected", async () => {
    const partition = { key: "2026-03-05" };
    const { created } = await submitRun(deps, { location: "shop", assets: [["orders"]], partition });
    expect(created).toBe(true);
    const error = await refusal(submitRun(deps, { location: "shop", assets: [["marts", "report"]] }));
    expect((error as InvalidInput).issues[0]?.path).toContain("ops.marts__report");
  });
});

describe("re-executing", () => {
  const at = (message: string) => ({ ts: NOW, level: "INFO" as const, message });
  async function ended(): Promise<string> {
    const { runId } = await submitRun(deps, {
      location: "shop",
      job: "steps",
      tags: { who: "me" },
      origin: { kind: "SENSOR", name: "watch", tickId: 7, at: NOW, runKey: "k" },
    });
    await storage.events.report(runId, [
      { type: "RUN_STARTING", ...at("starting") },
      { type: "RUN_START", ...at("start") },
      { type: "STEP_START", ...at("start"), stepKey: "first" },
      { type: "STEP_SUCCESS", ...at("done"), stepKey: "first", durationMs: 1 },
      { type: "STEP_START", ...at("start"), stepKey: "second" },
      { type: "STEP_FAILURE", ...at("failed"), stepKey: "second" },
      { type: "RUN_FAILURE", ...at("failed") },
    ]);
    return runId;
  }

  test("from failure runs what did not succeed, and reads the rest from the parent", async () => {
    const parentRunId = await ended();
    const { runId } = await reexecuteRun(deps, parentRunId, { strategy: "FROM_FAILURE" });
    const run = await storage.runs.get(runId);
    expect(run).toMatchObject({
      steps: ["second"],
      parentRunId,
      rootRunId: parentRunId,
      known: { outputsFrom: { first: parentRunId } },
      tags: { who: "me", "dagster/parent_run_id": parentRunId, "dagster/root_run_id": parentRunId },
    });
    expect(run?.tags).not.toHaveProperty("dagster/run_key");
    expect(run?.tags).not.toHaveProperty("dagster/sensor_name");
  });

  test("of all steps runs all, and of a re-execution keeps the root", async () => {
    const root = await ended();
    const again = await reexecuteRun(deps, root, { strategy: "FROM_FAILURE" });
    await storage.runs.cancel(again.runId);
    const all = await reexecuteRun(deps, again.runId, { strategy: "ALL_STEPS" });
    expect(await storage.runs.get(all.runId)).toMatchObject({
      steps: null,
      parentRunId: again.runId,
      rootRunId: root,
    });
    // `first` was not run by the parent, whose own parent stored its output.
    const resumed = await reexecuteRun(deps, again.runId, { strategy: "SELECTED_STEPS", steps: ["second"] });
    expect((await storage.runs.get(resumed.runId))?.known.outputsFrom).toEqual({ first: root });
  });

  test("is refused while the parent has not ended, when nothing failed, and for no steps", async () => {
    const { runId } = await submitRun(deps, { location: "shop", job: "steps" });
    expect((await refusal(reexecuteRun(deps, runId, { strategy: "ALL_STEPS" }))).message).toContain(
      "is QUEUED",
    );
    await storage.events.report(runId, [
      { type: "RUN_STARTING", ...at("starting") },
      { type: "STEP_SUCCESS", ...at("done"), stepKey: "first", durationMs: 1 },
      { type: "STEP_SUCCESS", ...at("done"), stepKey: "second", durationMs: 1 },
      { type: "RUN_SUCCESS", ...at("done") },
    ]);
    expect((await refusal(reexecuteRun(deps, runId, { strategy: "FROM_FAILURE" }))).message).toContain(
      "no failed step",
    );
    const none = reexecuteRun(deps, runId, { strategy: "SELECTED_STEPS", steps: [] });
    expect((await refusal(none)).message).toContain("name at least one");
    expect(await refusal(reexecuteRun(deps, randomUUID(), { strategy: "ALL_STEPS" }))).toBeInstanceOf(
      NotFound,
    );
  });
});
