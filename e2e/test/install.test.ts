import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually, helm, kubectl, list, ROOT } from "../src/command.ts";
import { HookReceiver } from "../src/hook-receiver.ts";
import { Release, VERSION, WEATHER_IMAGE } from "../src/release.ts";

let release: Release;
const hooks = new HookReceiver();
const SIGNING_SECRET = "of the e2e tests";
const values = () => [
  "dagsterWebserver.enableReadOnly=true",
  "webhooks[0].name=alerts",
  `webhooks[0].url=${hooks.url}`,
  "webhooks[0].secret.env=HOOK_SECRET",
  "webhooks[0].events[0]=run_success",
  "dagsterDaemon.envSecrets[0].name=hook",
];
beforeAll(async () => {
  await hooks.open();
  release = await Release.install(values(), (namespace) =>
    kubectl([
      ...["-n", namespace, "create", "secret", "generic", "hook"],
      `--from-literal=HOOK_SECRET=${SIGNING_SECRET}`,
    ]),
  );
});
afterAll(async () => {
  await release?.remove();
  await hooks.close();
});
let weatherRun = "";

const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
  const start = performance.now();
  const result = await work();
  process.stdout.write(`  ${name}: ${((performance.now() - start) / 1000).toFixed(2)} s\n`);
  return result;
};
const apply = async (path: string) =>
  kubectl(["-n", release.namespace, "apply", "-f", "-"], await readFile(join(ROOT, path), "utf8"));

test("the chart comes up with no code location, every pod ready and restricted, and the page is there", async () => {
  const pods = await list(release.namespace, "pods");
  const kinds = pods.map(({ metadata }) => metadata.labels?.["app.kubernetes.io/component"]).sort();
  expect(kinds).toEqual(["daemon", "operator", "operator", "postgresql", "webserver", "webserver-read-only"]);
  for (const { metadata, status } of pods) {
    const ready = status.conditions.find(({ type }: { type: string }) => type === "Ready");
    expect([metadata.name, ready.status]).toEqual([metadata.name, "True"]);
  }
  const page = await fetch(release.url);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("<div id=")]);
  expect(await release.locations()).toEqual({});
});

test("one operator leads and the other stands by", async () => {
  const [lease] = await list(release.namespace, "leases");
  const pods = Object.keys(await release.systemPods());
  expect(pods.filter((name) => lease?.spec.holderIdentity.includes(name))).toHaveLength(1);
});

test("the read-only page is a Service of its own, which says that nothing may be changed there", async () => {
  const query = encodeURIComponent("{ permissions { value disabledReason } }");
  const path = `/api/v1/namespaces/${release.namespace}/services/http:dagster-webserver-read-only:http/proxy/graphql?query=${query}`;
  const { data } = JSON.parse(await kubectl(["get", "--raw", path]));
  expect(data.permissions.length).toBeGreaterThan(0);
  expect(data.permissions).not.toContainEqual(expect.objectContaining({ value: true }));
  expect(data.permissions[0].disabledReason).toContain("read-only");
});

test.each([
  ["yes", "patch", "deployments.apps", "here"],
  ["yes", "create", "jobs.batch", "here"],
  ["yes", "update", "codelocations.dagster-operator.io/status", "here"],
  ["yes", "update", "leases.coordination.k8s.io/dagster-operator", "here"],
  ["no", "update", "leases.coordination.k8s.io/of-another", "here"],
  ["no", "create", "pods", "here"],
  ["no", "create", "pods/exec", "here"],
  ["no", "delete", "secrets", "here"],
  ["no", "update", "configmaps", "here"],
  ["no", "create", "rolebindings.rbac.authorization.k8s.io", "here"],
  ["no", "get", "secrets", "default"],
  ["no", "create", "jobs.batch", "default"],
  ["no", "list", "nodes", "default"],
])("the operator may: %s, %s %s in namespace %s", async (answer, verb, resource, namespace) => {
  const where = namespace === "here" ? release.namespace : namespace;
  const account = `system:serviceaccount:${release.namespace}:dagster-operator`;
  const said = await kubectl(["auth", "can-i", verb, resource, "-n", where, "--as", account]).catch(String);
  expect(said).toMatch(new RegExp(`^${answer}$`, "m"));
});

test("a code location is on the page and in the ConfigMap by one apply, and nothing is restarted", async () => {
  const before = await release.systemPods();
  await apply("examples/weather/codelocation.yaml");
  await timed("apply to Ready", () =>
    kubectl([
      "-n",
      release.namespace,
      "wait",
      "--for=condition=Ready",
      "codelocation/weather",
      "--timeout=200s",
    ]),
  );
  await timed("Ready to the page", () =>
    eventually(async () => (await release.locations()).weather === "RepositoryLocation", {
      name: "weather on the page",
    }),
  );
  const [config] = (await list(release.namespace, "configmaps")).filter(
    ({ metadata }) => metadata.name === "dagster-workspace-yaml",
  );
  expect(config?.data?.["workspace.yaml"]).toContain("location_name: weather");
  expect(await release.systemPods()).toEqual(before);
});

test("a run launched from GraphQL is a Job of the location's image, and its events are on the page", async () => {
  const { launchRun } = await release.graphql<{
    launchRun: { __typename: string; run?: { runId: string }; message?: string };
  }>(
    `mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
      __typename ... on LaunchRunSuccess { run { runId } } ... on Error { message } } }`,
    {
      params: {
        selector: {
          repositoryLocationName: "weather",
          repositoryName: "__repository__",
          jobName: "__ASSET_JOB",
          assetSelection: [{ path: ["raw", "movies"] }],
        },
        runConfigData: "{}",
        mode: "default",
      },
    },
  );
  expect(launchRun).toMatchObject({ __typename: "LaunchRunSuccess" });
  const runId = launchRun.run?.runId ?? "";
  weatherRun = runId;
  const job = await eventually(
    async () => (await list(release.namespace, "jobs.batch", `dagster/run-id=${runId}`))[0],
    { name: "the run's Job" },
  );
  expect(job.spec.template.spec.containers[0].image).toContain("dagster-operator-example-weather");
  type Run = {
    status: string;
    eventConnection: { events: { __typename: string; message?: string }[] };
  };
  const ended = await timed("launch to end", () =>
    eventually(
      async () => {
        const { runOrError } = await release.graphql<{ runOrError: Run }>(
          `query($id: ID!) { runOrError(runId: $id) { ... on Run { status
            eventConnection { events { __typename ... on MessageEvent { message } } } } } }`,
          { id: runId },
        );
        return ["SUCCESS", "FAILURE", "CANCELED"].includes(runOrError.status) ? runOrError : null;
      },
      { seconds: 200, name: `the end of run ${runId}` },
    ),
  );
  const events = ended.eventConnection.events;
  expect({ status: ended.status, events }).toMatchObject({ status: "SUCCESS" });
  const kinds = events.map(({ __typename }) => __typename);
  for (const kind of ["RunStartEvent", "ExecutionStepStartEvent", "MaterializationEvent", "RunSuccessEvent"])
    expect(kinds).toContain(kind);
});

test("a webhook was told of that run, signed with the value of a Secret", async () => {
  const { headers, body } = await hooks.deliveryOf(weatherRun);
  expect(JSON.parse(body)).toMatchObject({ type: "run_success", run: { runId: weatherRun } });
  const signature = createHmac("sha256", SIGNING_SECRET).update(`${headers["webhook-timestamp"]}.${body}`);
  expect(headers["webhook-signature"]).toBe(`v1=${signature.digest("hex")}`);
});

test("a new version that cannot start is told on the page, where the definitions of the one before stay", async () => {
  const image = `${WEATHER_IMAGE.split(":")[0]}:not-there`;
  const patch = JSON.stringify({ spec: { image } });
  await kubectl([
    ...["-n", release.namespace, "patch", "codelocation", "weather"],
    ...["--type=merge", "-p", patch],
  ]);
  type Entry = { locationOrLoadError: { __typename: string }; newVersionError: { message: string } | null };
  const entry = await eventually(
    async () => {
      const { workspaceOrError } = await release.graphql<{ workspaceOrError: { locationEntries: Entry[] } }>(
        `{ workspaceOrError { ... on Workspace { locationEntries {
          locationOrLoadError { __typename } newVersionError { message } } } } }`,
      );
      return workspaceOrError.locationEntries.find(({ newVersionError }) => newVersionError) ?? null;
    },
    { name: "the refused version on the page" },
  );
  expect(entry.locationOrLoadError.__typename).toBe("RepositoryLocation");
  expect(entry.newVersionError?.message).toContain("not-there");
});

test("deleting the code location takes it from the page and the ConfigMap", async () => {
  await kubectl(["-n", release.namespace, "delete", "codelocation", "weather", "--timeout=150s"]);
  await eventually(async () => !("weather" in (await release.locations())), {
    name: "weather gone from the page",
  });
  await eventually(
    async () => {
      const maps = await list(release.namespace, "configmaps");
      const config = maps.find(({ metadata }) => metadata.name === "dagster-workspace-yaml");
      return !config?.data?.["workspace.yaml"]?.includes("weather");
    },
    { name: "weather gone from the ConfigMap" },
  );
  await eventually(async () => (await list(release.namespace, "deployments")).length === 4, {
    name: "the code server's Deployment gone",
  });
});

test("the chart of user code makes a code location of Dagster's values, and takes it away with the release", async () => {
  const before = await release.systemPods();
  const deployment = {
    name: "my-code",
    image: { repository: WEATHER_IMAGE.split(":")[0], tag: VERSION, pullPolicy: "IfNotPresent" },
    codeServerArgs: ["-f", "definitions.ts"],
    env: { WAREHOUSE: "/tmp/warehouse.duckdb" },
  };
  const chart = join(ROOT, "charts/dagster-user-deployments");
  const set = ["--set-json", `deployments=${JSON.stringify([deployment])}`];
  await helm(["install", "code", chart, "-n", release.namespace, ...set]);
  await eventually(async () => (await release.locations())["my-code"] === "RepositoryLocation", {
    name: "my-code on the page",
  });
  await helm(["uninstall", "code", "-n", release.namespace, "--wait", "--timeout", "60s"]);
  await eventually(async () => !("my-code" in (await release.locations())), {
    name: "my-code gone from the page",
  });
  expect(await release.systemPods()).toEqual(before);
});

test("an upgrade and a rollback change what they are asked to, and keep the database and its password", async () => {
  const daemons = async () =>
    Object.keys(await release.systemPods()).filter((name) => name.includes("daemon"));
  const before = await release.systemPods();
  await release.upgrade([...values(), "dagsterDaemon.replicaCount=2"]);
  expect(await daemons()).toHaveLength(2);
  expect(await release.systemPods()).toMatchObject(before);
  await helm(["rollback", release.name, "1", "-n", release.namespace, "--wait", "--timeout", "90s"]);
  await eventually(async () => (await daemons()).length === 1, { name: "one daemon again" });
  expect(await release.locations()).toEqual({});
});

test("uninstalling leaves nothing in the namespace that the chart made", async () => {
  await release.deleteObjects();
  await helm(["uninstall", release.name, "-n", release.namespace, "--wait", "--timeout", "90s"]);
  await eventually(async () => (await list(release.namespace, "pods")).length === 0, {
    name: "all pods gone",
  });
  await kubectl(["-n", release.namespace, "delete", "secret", "hook"]);
  for (const kind of ["deployments", "statefulsets", "services", "secrets", "roles", "rolebindings"])
    expect([kind, (await list(release.namespace, kind)).map(({ metadata }) => metadata.name)]).toEqual([
      kind,
      [],
    ]);
});
