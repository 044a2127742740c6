/** Jobs, Schedules and Sensors: mirrors of what the code defines, and objects that people write. */
import { execFileSync } from "node:child_process";
import { TableWorkspace } from "@dagster-operator/codeserver/client";
import { type Daemon, startDaemon } from "@dagster-operator/daemon";
import { type Storage, systemClock } from "@dagster-operator/engine";
import { eventually } from "@dagster-operator/engine/testing";
import { openMemoryStorage } from "@dagster-operator/storage/testing";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { pino } from "pino";
import { Registry } from "prom-client";
import { codeLocationPart } from "../../src/code-location/part.ts";
import type { JobObject, ScheduleObject, SensorObject } from "../../src/definitions/objects.ts";
import { definitionsPart } from "../../src/definitions/part.ts";
import type { KubeObject, Resource } from "../../src/kube/object.ts";
import { CODE_LOCATION, DAGSTER_JOB, SCHEDULE, SENSOR, SERVICE } from "../../src/kube/resources.ts";
import { Cluster, told } from "./cluster.ts";
import { putCode, putLocation, specOf } from "./user-code.ts";

const CODE = `import { asset, Definitions, job, op, schedule, sensor, SkipReason } from "@dagster-operator/sdk";
const one = op("one", () => 1);
const nightly = job("nightly", () => { one(); });
export default new Definitions({
  assets: [asset("orders", {}, () => 1), asset("revenue", {}, () => 2)],
  jobs: [nightly, job("Odd_Name", () => { one(); })],
  schedules: [schedule("every_minute", { job: nightly, cron: "* * * * *" })],
  sensors: [sensor("watch_files", { job: nightly, minimumInterval: 1, defaultStatus: "RUNNING" }, ({ cursor, setCursor }) => {
    setCursor(String(Number(cursor ?? 0) + 1));
    return new SkipReason("nothing new");
  })],
});`;

let cluster: Cluster;
let home: string;
let storage: Storage;
let workspace: TableWorkspace;
let daemon: Daemon;
/** How far the daemon's clock is ahead (ms): no test waits for a minute to pass. */
let ahead = 0;
beforeAll(async () => {
  cluster = await Cluster.open();
  home = await cluster.namespace();
  storage = await openMemoryStorage();
  // This process is outside the cluster's DNS, not outside its network.
  workspace = new TableWorkspace({
    storage,
    address: async ({ host, port }) => {
      const [name = "", namespace] = host.split(".");
      const { spec } = await cluster.client.get<KubeObject & { spec: { clusterIP: string } }>(
        SERVICE,
        namespace,
        name,
      );
      return { host: spec.clusterIP, port };
    },
  });
  await cluster.operator([home], [codeLocationPart(), definitionsPart()], { storage, workspace });
  daemon = startDaemon({
    storage,
    workspace,
    clock: { ...systemClock, now: () => Date.now() + ahead },
    log: pino({ level: "silent" }),
    metrics: new Registry(),
    loops: ["schedule", "sensor"],
  });
  await putCode(cluster.client, home, "shop", CODE);
  await putLocation(cluster.client, home, "shop", specOf("shop"));
});
afterAll(async () => {
  await daemon?.close();
  await cluster?.close([CODE_LOCATION]);
  await workspace?.close();
  await storage?.close();
});

type Any = JobObject | ScheduleObject | SensorObject;
async function until<T extends Any>(
  resource: Resource,
  name: string,
  what: string,
  wanted: (object: T) => unknown,
): Promise<T> {
  let last: T | null = null;
  try {
    return await eventually(`${resource.kind} ${name} ${what}`, async () => {
      last = await cluster.client.find<T>(resource, home, name);
      return last && wanted(last) ? last : null;
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${JSON.stringify(last)}`);
  }
}
const ready = (object: Any) => object.status?.conditions?.find(({ type }) => type === "Ready");
const isReady = (object: Any) =>
  ready(object)?.status === "True" && ready(object)?.observedGeneration === object.metadata.generation;
const apply = (resource: Resource, name: string, spec: Record<string, unknown>) =>
  cluster.client.request({
    method: "PATCH",
    path: `/apis/${resource.apiVersion}/namespaces/${home}/${resource.plural}/${name}`,
    query: { fieldManager: "test" },
    contentType: "application/apply-patch+yaml",
    body: { apiVersion: resource.apiVersion, kind: resource.kind, metadata: { name, namespace: home }, spec },
  });
const kubectl = (...args: string[]) => execFileSync("kubectl", ["-n", home, ...args], { encoding: "utf8" });

test("what the code defines is seen as objects that belong to the location, and comes back when it is deleted", async () => {
  const job = await until<JobObject>(DAGSTER_JOB, "shop-nightly", "is valid", isReady);
  expect(job.metadata).toMatchObject({
    labels: { "app.kubernetes.io/managed-by": "dagster-operator" },
    ownerReferences: [{ kind: "CodeLocation", name: "shop", controller: true }],
  });
  expect(job.spec).toEqual({ codeLocation: "shop", job: "nightly" });
  const schedule = await until<ScheduleObject>(SCHEDULE, "shop-every-minute", "is valid", isReady);
  expect(schedule.status).toMatchObject({
    cron: "* * * * *",
    timeZone: "UTC",
    job: "nightly",
    state: "STOPPED",
  });
  await until<SensorObject>(SENSOR, "shop-watch-files", "is valid", isReady);
  const { items } = await cluster.client.list<JobObject>(DAGSTER_JOB, home);
  expect(items.map(({ spec }) => spec.job).sort()).toEqual(["Odd_Name", "nightly"]);
  await cluster.client.delete(DAGSTER_JOB, home, "shop-nightly");
  await until<JobObject>(
    DAGSTER_JOB,
    "shop-nightly",
    "is back",
    (again) => again.metadata.uid !== job.metadata.uid && isReady(again),
  );
  await cluster.client.merge(DAGSTER_JOB, home, "shop-nightly", {
    spec: { job: "Odd_Name", tags: { a: "b" } },
  });
  await until<JobObject>(
    DAGSTER_JOB,
    "shop-nightly",
    "is what the code says again",
    ({ spec }) => spec.job === "nightly" && spec.tags === undefined,
  );
});

test("a sensor's cursor and ticks are in its status", async () => {
  const sensor = await until<SensorObject>(
    SENSOR,
    "shop-watch-files",
    "has ticked",
    ({ status }) => status?.cursor,
  );
  expect(sensor.status).toMatchObject({
    state: "RUNNING",
    lastTick: { status: "SKIPPED", skipReason: "nothing new" },
  });
});

test("suspend switches a schedule of the code, and then the page does not", async () => {
  const id = { kind: "SCHEDULE", location: "shop", name: "every_minute" } as const;
  const state = async () =>
    (await storage.ticks.states()).find(({ name }) => name === id.name)?.status ?? null;
  await cluster.client.merge(SCHEDULE, home, "shop-every-minute", { spec: { suspend: false } });
  const running = await until<ScheduleObject>(
    SCHEDULE,
    "shop-every-minute",
    "runs",
    ({ status }) => status?.state === "RUNNING",
  );
  expect(running.status?.nextTickTime).toBeDefined();
  expect(await state()).toBe("RUNNING");
  ahead = 60_000 - (Date.now() % 60_000);
  // Somebody switches it past the page, which refuses: the object has it.
  await storage.ticks.setStatus(id, "STOPPED", Date.now());
  await eventually("the object switches it back", async () => (await state()) === "RUNNING");
  expect(workspace.get("shop")?.held).toEqual({
    "SCHEDULE:every-minute": `Schedule ${home}/shop-every-minute`,
  });
  const ticked = await until<ScheduleObject>(
    SCHEDULE,
    "shop-every-minute",
    "ran something",
    ({ status }) => status?.lastRunId,
  );
  expect(ticked.status?.lastTick).toMatchObject({ status: "SUCCESS" });
  const run = await storage.runs.get(ticked.status?.lastRunId ?? "");
  expect(run).toMatchObject({ location: "shop", job: "nightly", status: "QUEUED" });
  await told(cluster.client, home, "shop-every-minute", "Resumed", "RunsRequested");
  await until<JobObject>(
    DAGSTER_JOB,
    "shop-nightly",
    "tells of the run",
    ({ status }) => status?.runs === 1 && status.lastRun?.id === run?.runId,
  );
  await cluster.client.merge(SCHEDULE, home, "shop-every-minute", { spec: { suspend: null } });
  await until<ScheduleObject>(
    SCHEDULE,
    "shop-every-minute",
    "rests as the code says",
    ({ status }) => status?.state === "STOPPED" && status.suspend === undefined,
  );
  expect(await state()).toBeNull();
});

test("a Job and a Schedule that a person wrote are definitions of the location, within moments and with no new pod", async () => {
  const pods = kubectl("get", "pods", "-o", "name");
  await apply(DAGSTER_JOB, "just-revenue", {
    codeLocation: "shop",
    assetSelection: "revenue",
    tags: { team: "data" },
    description: "Only the revenue",
  });
  await apply(SCHEDULE, "hourly-revenue", { jobRef: { name: "just-revenue" }, cron: "0 * * * *" });
  await until<JobObject>(DAGSTER_JOB, "just-revenue", "is valid", isReady);
  await until<ScheduleObject>(SCHEDULE, "hourly-revenue", "is valid", isReady);
  const snapshot = workspace.get("shop")?.snapshot;
  expect(snapshot?.jobs.find(({ name }) => name === "just_revenue")).toMatchObject({
    description: "Only the revenue",
    tags: { team: "data" },
    target: { kind: "assets", assets: [["revenue"]] },
  });
  expect(snapshot?.schedules.find(({ name }) => name === "hourly_revenue")).toMatchObject({
    job: "just_revenue",
    cron: ["0 * * * *"],
    defaultStatus: "RUNNING",
  });
  expect(kubectl("get", "pods", "-o", "name")).toBe(pods);
  // They are not mirrored a second time.
  const names = (await cluster.client.list(DAGSTER_JOB, home)).items.map(({ metadata }) => metadata.name);
  expect(names.filter((name) => name.includes("revenue"))).toEqual(["just-revenue"]);
});

test("an object that does not fit says why, and takes nothing else away", async () => {
  await apply(DAGSTER_JOB, "lost", { codeLocation: "shop", job: "no_such_job" });
  await apply(SCHEDULE, "odd-cron", { codeLocation: "shop", job: "nightly", cron: "every day" });
  await apply(DAGSTER_JOB, "elsewhere", { codeLocation: "nowhere", job: "nightly" });
  const lost = await until<JobObject>(
    DAGSTER_JOB,
    "lost",
    "is refused",
    (object) => ready(object)?.status === "False",
  );
  expect(ready(lost)).toMatchObject({ reason: "DoesNotFit" });
  expect(ready(lost)?.message).toMatch(/no_such_job.*nightly/);
  const odd = await until<ScheduleObject>(
    SCHEDULE,
    "odd-cron",
    "is refused",
    (object) => ready(object)?.status === "False",
  );
  expect(ready(odd)?.message).toContain("every day");
  const elsewhere = await until<JobObject>(DAGSTER_JOB, "elsewhere", "is refused", ready);
  expect(ready(elsewhere)).toMatchObject({ reason: "CodeLocationNotFound" });
  expect(isReady(await cluster.client.get<JobObject>(DAGSTER_JOB, home, "just-revenue"))).toBe(true);
  expect(workspace.get("shop")?.state).toBe("LOADED");
  await told(cluster.client, home, "lost", "DoesNotFit");
  // Mended, it is taken.
  await cluster.client.merge(DAGSTER_JOB, home, "lost", { spec: { job: "nightly" } });
  await until<JobObject>(DAGSTER_JOB, "lost", "is valid", isReady);
});

test("an object of a name that the code has wins, its mirror goes, and the clash is a condition; a second one gives way", async () => {
  await apply(DAGSTER_JOB, "nightly", { codeLocation: "shop", job: "nightly", tags: { from: "object" } });
  const object = await until<JobObject>(DAGSTER_JOB, "nightly", "is valid", isReady);
  expect(object.status?.conditions?.find(({ type }) => type === "Clash")).toMatchObject({
    status: "True",
    reason: "StandsInForCode",
  });
  expect(workspace.get("shop")?.snapshot?.jobs.find(({ name }) => name === "nightly")?.tags).toEqual({
    from: "object",
  });
  await eventually(
    "the mirror is gone",
    async () => (await cluster.client.find(DAGSTER_JOB, home, "shop-nightly")) === null,
  );
  await apply(DAGSTER_JOB, "nightly.again", { codeLocation: "shop", job: "nightly" });
  await apply(DAGSTER_JOB, "nightly-again", { codeLocation: "shop", job: "nightly" });
  const second = await eventually("one of the two is refused", async () => {
    const both = await Promise.all(
      ["nightly.again", "nightly-again"].map((name) =>
        cluster.client.get<JobObject>(DAGSTER_JOB, home, name),
      ),
    );
    return both.every(ready) ? both.find((one) => ready(one)?.status === "False") : null;
  });
  expect(ready(second)).toMatchObject({ reason: "NameTaken" });
  await cluster.client.delete(DAGSTER_JOB, home, "nightly");
  await until<JobObject>(DAGSTER_JOB, "shop-nightly", "is back", isReady);
});

test("a sensor's interval is the object's while that says one, be it a mirror", async () => {
  const interval = () =>
    workspace.get("shop")?.snapshot?.sensors.find(({ name }) => name === "watch_files")?.minimumInterval;
  const set = (minimumInterval: number | null) =>
    cluster.client.merge(SENSOR, home, "shop-watch-files", { spec: { minimumInterval } });
  await set(3600);
  await eventually("it is an hour", () => interval() === 3600);
  await until<SensorObject>(SENSOR, "shop-watch-files", "is valid", isReady);
  await set(null);
  await eventually("it is the code's", () => interval() === 1);
});

test("while nothing changes, nothing is written", async () => {
  await cluster.client.merge(SENSOR, home, "shop-watch-files", { spec: { suspend: true } });
  await until<SensorObject>(SENSOR, "shop-watch-files", "rests", ({ status }) => status?.state === "STOPPED");
  const versions = async () =>
    (
      await Promise.all(
        [DAGSTER_JOB, SCHEDULE, SENSOR, CODE_LOCATION].map((resource) => cluster.client.list(resource, home)),
      )
    ).flatMap(({ items }) => items.map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`));
  const before = await versions();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(await versions()).toEqual(before);
});

test("the columns tell the story", () => {
  expect(kubectl("get", "dsched", "hourly-revenue")).toMatch(
    /just_revenue +0 \* \* \* \* +True +Valid +RUNNING/,
  );
});

test("deleting the location takes its mirrors, and leaves what people wrote, which says so", async () => {
  await cluster.client.delete(CODE_LOCATION, home, "shop");
  await eventually("the mirrors are gone", async () => {
    const all = await Promise.all(
      [DAGSTER_JOB, SCHEDULE, SENSOR].map((resource) => cluster.client.list(resource, home)),
    );
    return all.every(({ items }) => !items.some(({ metadata }) => metadata.name.startsWith("shop-")));
  });
  await until<JobObject>(
    DAGSTER_JOB,
    "just-revenue",
    "knows",
    (object) => ready(object)?.reason === "CodeLocationNotFound",
  );
});
