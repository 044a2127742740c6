/** What is made of objects on the whole system: runs from all sides with the image of their submit time, executors, columns, cleaning up. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually, type KubeItem, kubectl, list } from "../src/command.ts";
import { Release, VERSION, WEATHER_IMAGE } from "../src/release.ts";

/** Both hold Node and the code server; the code itself is mounted. */
const FIRST = WEATHER_IMAGE;
const SECOND = `dagster-operator-user-code:${VERSION}`;
const CODE = `import { asset, Definitions, job, op, sensor, SkipReason, staticPartitions } from "@dagster-operator/sdk";
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const quick = op("quick_op", () => 1);
const patient = op("patient_op", () => wait(600_000));
const parts = [0, 1, 2].map((index) => op("part_" + index, () => wait(2_000)));
const letters = staticPartitions(["a", "b"]);
export default new Definitions({
  assets: [asset("letter", { partitions: letters }, ({ partitionKey }) => partitionKey)],
  jobs: [
    job("quick", () => { quick(); }),
    job("patient", () => { patient(); }),
    job("parallel", () => { for (const part of parts) part(); }),
  ],
  sensors: [sensor("watch", { job: "quick", minimumInterval: 5, defaultStatus: "RUNNING" }, () => new SkipReason("nothing new"))],
});
`;

let release: Release;
beforeAll(async () => {
  // One run at a time: the others wait, and their location changes meanwhile.
  release = await Release.install(["concurrency.runs.maxConcurrentRuns=1"]);
  await apply({
    kind: "ConfigMap",
    apiVersion: "v1",
    metadata: { name: "code" },
    data: { "definitions.mjs": CODE },
  });
  await apply(codeLocation(FIRST));
  await k("wait", "--for=condition=Ready", "codelocation/shop", "--timeout=200s");
});
afterAll(async () => {
  await release?.remove();
});

const k = (...args: string[]) => kubectl(["-n", release.namespace, ...args]);
const apply = (object: object) =>
  kubectl(["-n", release.namespace, "apply", "-f", "-"], JSON.stringify(object));
const object = (kind: string, name: string, spec: object) => ({
  apiVersion: "dagster-operator.io/v1alpha1",
  kind,
  metadata: { name },
  spec,
});
const codeLocation = (image: string) =>
  object("CodeLocation", "shop", {
    image,
    imagePullPolicy: "IfNotPresent",
    file: "/code/definitions.mjs",
    volumes: [{ name: "code", configMap: { name: "code" } }],
    volumeMounts: [{ name: "code", mountPath: "/code", readOnly: true }],
    runTemplate: { resources: { limits: { memory: "300Mi" } } },
  });
async function one(kind: string, name: string): Promise<KubeItem | null> {
  return (await list(release.namespace, kind)).find(({ metadata }) => metadata.name === name) ?? null;
}
const until = (kind: string, name: string, wanted: (item: KubeItem) => unknown) =>
  eventually(
    async () => {
      const item = await one(kind, name);
      return item && wanted(item) ? item : null;
    },
    { seconds: 200, every: 300, name: `${kind} ${name} as wanted` },
  );
const RUNS = "runs.dagster-operator.io";
const jobsOf = (runId: string) => list(release.namespace, "jobs.batch", `dagster/run-id=${runId}`);
const imageOf = async (runId: string): Promise<string> => {
  const job = await eventually(async () => (await jobsOf(runId))[0], { name: `the Job of run ${runId}` });
  return job.spec.template.spec.containers[0].image;
};
async function launch(jobName: string): Promise<string> {
  const { launchRun } = await release.graphql<{ launchRun: { run?: { runId: string } } }>(
    `mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
      __typename ... on LaunchRunSuccess { run { runId } } ... on Error { message } } }`,
    {
      params: {
        selector: { repositoryLocationName: "shop", repositoryName: "__repository__", jobName },
        runConfigData: "{}",
        mode: "default",
      },
    },
  );
  expect(launchRun).toMatchObject({ run: { runId: expect.any(String) } });
  return launchRun.run?.runId ?? "";
}
const statusOf = async (runId: string): Promise<string> => {
  const { runOrError } = await release.graphql<{ runOrError: { status: string } }>(
    "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }",
    { id: runId },
  );
  return runOrError.status;
};
const succeeded = (runId: string) =>
  eventually(async () => (await statusOf(runId)) === "SUCCESS", {
    seconds: 200,
    every: 300,
    name: `run ${runId} succeeds`,
  });

test("the page knows that the daemons live", async () => {
  await eventually(
    async () => {
      const { instance } = await release.graphql<{
        instance: { daemonHealth: { allDaemonStatuses: { daemonType: string; healthy: boolean }[] } };
      }>("{ instance { daemonHealth { allDaemonStatuses { daemonType healthy } } } }");
      const all = instance.daemonHealth.allDaemonStatuses;
      return all.length >= 3 && all.every(({ healthy }) => healthy);
    },
    { name: "every daemon healthy" },
  );
});

test("runs of a Schedule, of a Run and of GraphQL have the image that the location had when they were submitted", async () => {
  await apply(object("Run", "blocker", { codeLocation: "shop", job: "patient" }));
  await until(RUNS, "blocker", ({ status }) => status?.phase === "STARTED");
  await apply(object("Schedule", "every-minute", { codeLocation: "shop", job: "quick", cron: "* * * * *" }));
  await k("wait", "--for=condition=Ready", "dsched/every-minute", "--timeout=150s");
  await kubectl(
    ["-n", release.namespace, "create", "-f", "-"],
    JSON.stringify({
      ...object("Run", "", { codeLocation: "shop", job: "quick" }),
      metadata: { generateName: "by-hand-" },
    }),
  );
  const byHand = await eventually(async () =>
    (await list(release.namespace, RUNS)).find(
      ({ metadata, status }) => metadata.name.startsWith("by-hand-") && status?.runId,
    ),
  );
  const ticked = await until("dsched", "every-minute", ({ status }) => status?.lastRunId);
  // One tick is enough.
  await k("patch", "dsched", "every-minute", "--type=merge", "-p", '{"spec":{"suspend":true}}');
  await until("dsched", "every-minute", ({ status }) => status?.state === "STOPPED");
  const queued: string[] = [byHand.status.runId, ticked.status.lastRunId, await launch("quick")];
  for (const runId of queued) expect(await statusOf(runId)).toBe("QUEUED");

  await apply(codeLocation(SECOND));
  await until("codelocations", "shop", ({ status }) => status?.image === SECOND);
  const later = await launch("quick");
  // Deleting the object cancels the run that all wait for, and takes its Job and pod along.
  const blocker = (await one(RUNS, "blocker"))?.status.runId as string;
  await k("delete", RUNS, "blocker", "--timeout=150s");
  expect(await statusOf(blocker)).toBe("CANCELED");
  await eventually(async () => (await jobsOf(blocker)).length === 0, { name: "the Job of the blocker gone" });
  for (const runId of queued) {
    await succeeded(runId);
    expect(await imageOf(runId)).toBe(FIRST);
  }
  await succeeded(later);
  expect(await imageOf(later)).toBe(SECOND);
});

test("the page says who switches a schedule that an object holds", async () => {
  const { startSchedule } = await release.graphql<{ startSchedule: { message: string } }>(
    `mutation { startSchedule(scheduleSelector: { repositoryLocationName: "shop", repositoryName: "__repository__",
      scheduleName: "every_minute" }) { __typename ... on PythonError { message } } }`,
  );
  expect(startSchedule.message).toContain(
    `is switched by Schedule ${release.namespace}/every-minute: change its spec.suspend`,
  );
});

test.each([
  ["in_process", 0],
  ["multiprocess", 0],
  ["k8s_job", 3],
])("a Run with executor %s does the same job, with %s Jobs for its steps", async (executor, steps) => {
  const name = `by-${executor.replace("_", "-")}`;
  const job = { codeLocation: "shop", job: "parallel", executor };
  if (executor === "in_process") await apply(object("Run", name, job));
  else {
    // The others by a Job object, which is no job of the code.
    await apply(object("Job", name, { ...job, podTemplate: { labels: { team: "data" } } }));
    await apply(object("Run", name, { jobRef: { name } }));
  }
  const run = await until(RUNS, name, ({ status }) => ["SUCCESS", "FAILURE"].includes(status?.phase));
  expect(run.status).toMatchObject({ phase: "SUCCESS", stepsTotal: 3, stepsDone: 3 });
  const workers = (await jobsOf(run.status.runId)).filter(
    ({ metadata }) => metadata.labels?.["app.kubernetes.io/component"] === "step-worker",
  );
  expect(workers).toHaveLength(steps);
  if (executor !== "in_process")
    expect(
      await list(release.namespace, "pods", `dagster/run-id=${run.status.runId},team=data`),
    ).toHaveLength(1 + steps);
  if (steps === 0) return;
  const { runOrError } = await release.graphql<{
    runOrError: { stepStats: { startTime: number; endTime: number }[] };
  }>("query($id: ID!) { runOrError(runId: $id) { ... on Run { stepStats { startTime endTime } } } }", {
    id: run.status.runId,
  });
  const [first] = [...runOrError.stepStats].sort((a, b) => a.endTime - b.endTime);
  const beside = runOrError.stepStats.filter(({ startTime }) => startTime < (first?.endTime ?? 0));
  expect(beside.length).toBeGreaterThan(1);
});

test("a Backfill makes its partitions", async () => {
  await apply(
    object("Backfill", "letters", {
      codeLocation: "shop",
      assetSelection: "letter",
      partitionKeys: ["a", "b"],
    }),
  );
  const over = await until("dbf", "letters", ({ status }) => status?.phase?.startsWith("COMPLETED"));
  expect(over.status).toMatchObject({ phase: "COMPLETED_SUCCESS", requested: 2, done: 2, failed: 0 });
});

/** Events come after what they tell of. */
const described = (kind: string, name: string, line: RegExp) =>
  eventually(async () => line.test(await k("describe", kind, name)), {
    name: `${line} in the description of ${kind} ${name}`,
  });

test("kubectl tells the story", async () => {
  await apply(object("Job", "broken", { codeLocation: "shop", job: "nothing_of_that_name" }));
  await until("djob", "broken", ({ status }) => status?.conditions?.[0]?.reason === "DoesNotFit");
  const lines = [
    /codelocation\S+\/shop +True +Serving +SERVING +1 +3 +dagster-operator-user-code/,
    /job\S+\/shop-quick +shop +quick +True +Valid +SUCCESS/,
    /job\S+\/broken +shop +nothing_of_that_name +False +DoesNotFit/,
    /schedule\S+\/every-minute +shop +quick +\* \* \* \* \* +True +Valid +STOPPED +\S+ +SUCCESS/,
    /sensor\S+\/shop-watch +shop +True +Valid +RUNNING +\S+ +SKIPPED/,
    /run\S+\/by-in-process +shop +parallel +SUCCESS +3 +3 +Succeeded/,
    /job\S+\/by-k8s-job +shop +parallel +True +Valid +SUCCESS +\S+ +1 /,
    /backfill\S+\/letters +shop +letter +COMPLETED_SUCCESS +2 +2 +0 +0/,
  ];
  await eventually(
    async () => {
      const all = await k("get", "cl,djob,dsched,dsensor,drun,dbf");
      for (const line of lines) if (!line.test(all)) throw new Error(`nothing like ${line} in\n${all}`);
      return true;
    },
    { every: 500, name: "the story" },
  );
  expect(await k("get", "dagster")).toContain("backfill.dagster-operator.io/letters");
  await described("drun", "by-k8s-job", /Type: +Succeeded/);
  for (const reason of ["Submitted", "Started", "Succeeded"])
    await described("drun", "by-k8s-job", new RegExp(`Normal +${reason}`));
  await described("dsched", "every-minute", /Normal +RunsRequested/);
});

test("deleting the location takes its mirrors and its workspace entry, and leaves what people wrote", async () => {
  await k("delete", "codelocation", "shop", "--timeout=150s");
  await eventually(async () => !("shop" in (await release.locations())), { name: "shop gone from the page" });
  await eventually(
    async () => {
      const names = (await k("get", "djob,dsched,dsensor", "-o", "name")).trim().split("\n");
      return (
        names.every((name) => !name.includes("/shop-")) &&
        names.some((name) => name.endsWith("/every-minute"))
      );
    },
    { name: "the mirrors gone" },
  );
  const maps = await list(release.namespace, "configmaps");
  expect(
    maps.find(({ metadata }) => metadata.name === "dagster-workspace-yaml")?.data?.["workspace.yaml"],
  ).not.toContain("shop");
  await until(
    "dsched",
    "every-minute",
    ({ status }) => status?.conditions?.[0]?.reason === "CodeLocationNotFound",
  );
});
