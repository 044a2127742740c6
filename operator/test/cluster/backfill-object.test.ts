import { execFileSync } from "node:child_process";
import { type Daemon, startDaemon } from "@dagster-operator/daemon";
import { type Storage, systemClock } from "@dagster-operator/engine";
import { eventually, exampleEvent, MemoryWorkspace, workerBatch } from "@dagster-operator/engine/testing";
import { asset, Definitions, defineAssetJob, staticPartitions } from "@dagster-operator/sdk";
import { openMemoryStorage } from "@dagster-operator/storage/testing";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { pino } from "pino";
import { Registry } from "prom-client";
import type { BackfillObject } from "../../src/backfill/backfill-object.ts";
import { backfillPart } from "../../src/backfill/part.ts";
import { BACKFILL } from "../../src/kube/resources.ts";
import { Cluster, told } from "./cluster.ts";

const letters = staticPartitions(["a", "b", "c"]);
const part = asset("part", { partitions: letters }, () => 1);
let cluster: Cluster;
let home: string;
let storage: Storage;
let daemon: Daemon;
beforeAll(async () => {
  cluster = await Cluster.open();
  home = await cluster.namespace();
  storage = await openMemoryStorage();
  const workspace = new MemoryWorkspace();
  workspace.set(
    "here",
    new Definitions({
      assets: [part],
      jobs: [defineAssetJob("parts", { selection: "part", partitions: letters })],
    }),
  );
  await cluster.operator([home], [backfillPart()], { storage, workspace });
  daemon = startDaemon({
    storage,
    workspace,
    clock: systemClock,
    log: pino({ level: "silent" }),
    metrics: new Registry(),
    loops: ["queue", "backfill"],
  });
});
afterAll(async () => {
  await cluster?.close([BACKFILL]);
  await daemon?.close();
  await storage?.close();
});

const create = (name: string, spec: BackfillObject["spec"]) =>
  cluster.client.create<BackfillObject>(BACKFILL, { metadata: { name, namespace: home }, spec });
const until = (name: string, wanted: (object: BackfillObject) => unknown): Promise<BackfillObject> =>
  eventually(`Backfill ${name} is as wanted`, async () => {
    const object = await cluster.client.find<BackfillObject>(BACKFILL, home, name);
    return object && wanted(object) ? object : null;
  });
const condition = (object: BackfillObject, type: string) =>
  object.status?.conditions?.find((candidate) => candidate.type === type);
const runsOf = (id = "") =>
  storage.runs.list({ tags: [{ key: "dagster/backfill", values: [id] }] }, { limit: 10 });
/** As its worker would. */
async function end(runId: string, how: "RUN_SUCCESS" | "RUN_FAILURE"): Promise<void> {
  await eventually(
    "the run is taken from the queue",
    async () => (await storage.runs.get(runId))?.status === "STARTING",
  );
  const ended =
    how === "RUN_SUCCESS"
      ? exampleEvent("RUN_SUCCESS", {})
      : exampleEvent("RUN_FAILURE", { error: { name: "Error", message: "no luck" } });
  await storage.events.append(workerBatch(runId, [exampleEvent("RUN_START", {}), ended]));
}

test("a Backfill is submitted once, and its object tells how far it is and how it ended", async () => {
  await create("parts", {
    codeLocation: "here",
    job: "parts",
    partitionRange: { start: "a", end: "c" },
    tags: { team: "data" },
  });
  const object = await until("parts", ({ status }) => status?.inProgress === 3);
  expect(object.status).toMatchObject({ phase: "REQUESTED", requested: 3, waiting: 0, done: 0, failed: 0 });
  const id = object.status?.backfillId;
  const runs = await runsOf(id);
  expect(runs.map(({ tags }) => [tags["dagster/partition"], tags.team]).sort()).toEqual([
    ["a", "data"],
    ["b", "data"],
    ["c", "data"],
  ]);
  // An object that has lost its status finds its backfill again.
  await cluster.client.merge(BACKFILL, home, "parts", { status: null }, "status");
  await cluster.client.merge(BACKFILL, home, "parts", { metadata: { labels: { touched: "yes" } } });
  await until("parts", ({ status }) => status?.backfillId === id);
  expect(await storage.backfills.count({})).toBe(1);
  const [first, ...others] = runs;
  await end(first?.runId ?? "", "RUN_FAILURE");
  for (const { runId } of others) await end(runId, "RUN_SUCCESS");
  const over = await until("parts", ({ status }) => status?.phase === "COMPLETED_FAILED");
  expect(over.status).toMatchObject({ requested: 3, done: 2, failed: 1, inProgress: 0 });
  expect(condition(over, "Succeeded")).toMatchObject({ status: "False", reason: "SomeFailed" });
  expect(over.metadata.finalizers).toBeUndefined();
  await told(cluster.client, home, "parts", "Submitted", "SomeFailed");
  const columns = execFileSync("kubectl", ["-n", home, "get", "dbf"], { encoding: "utf8" });
  expect(columns).toMatch(/parts +here +parts +COMPLETED_FAILED +3 +2 +1 +0 /);
});

test("spec.cancel cancels it, and deleting the object does too", async () => {
  for (const name of ["canceled", "deleted"])
    await create(name, { codeLocation: "here", assetSelection: "part", partitionKeys: ["a", "b"] });
  const [canceled, deleted] = await Promise.all(
    ["canceled", "deleted"].map((name) => until(name, ({ status }) => status?.inProgress === 2)),
  );
  await cluster.client.merge(BACKFILL, home, "canceled", { spec: { cancel: true } });
  await cluster.client.delete(BACKFILL, home, "deleted");
  // What runs is asked to stop, and ends as its worker says.
  for (const object of [canceled, deleted])
    for (const { runId } of await runsOf(object?.status?.backfillId)) {
      await eventually("it is to stop", async () => (await storage.runs.get(runId))?.status !== "QUEUED");
      await storage.runs.cancel(runId, { force: true });
    }
  const over = await until("canceled", ({ status }) => status?.phase === "CANCELED");
  expect(condition(over, "Succeeded")).toMatchObject({ status: "False", reason: "Canceled" });
  await eventually(
    "the deleted one is gone",
    async () => (await cluster.client.find(BACKFILL, home, "deleted")) === null,
  );
  expect((await storage.backfills.get(deleted?.status?.backfillId ?? ""))?.status).toBe("CANCELED");
});

test("one that cannot be says why; one whose location is not there waits; what it was made as cannot be changed", async () => {
  await create("wrong", { codeLocation: "here", job: "parts", partitionKeys: ["z"] });
  const wrong = await until("wrong", (object) => condition(object, "Submitted"));
  expect(condition(wrong, "Submitted")).toMatchObject({ status: "False", reason: "Invalid" });
  expect(condition(wrong, "Submitted")?.message).toContain("z");
  await create("early", { codeLocation: "nowhere", job: "parts", partitionKeys: ["a"] });
  const early = await until("early", (object) => condition(object, "Submitted"));
  expect(condition(early, "Submitted")).toMatchObject({ status: "False", reason: "NotFound" });
  await expect(
    cluster.client.merge(BACKFILL, home, "early", { spec: { partitionKeys: ["b"] } }),
  ).rejects.toThrow(
    "a backfill is what it was made as, only cancel can be set: make another Backfill to change partitionKeys",
  );
});
