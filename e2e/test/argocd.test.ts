import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ArgoCd } from "../src/argocd.ts";
import { eventually, kubectl, list } from "../src/command.ts";
import { Release, VERSION, WEATHER_IMAGE } from "../src/release.ts";

const namespace = `e2e-${randomBytes(3).toString("hex")}`;
const [repository] = WEATHER_IMAGE.split(":");
const release = Release.of(namespace);
/** Kinds that the operator makes of a code location: of no Application. */
const mirrors = ["jobs", "schedules", "sensors"].map((plural) => `${plural}.dagster-operator.io`);
const OWNED = ["deployments", "services", ...mirrors];
let argo: ArgoCd;

beforeAll(async () => {
  await kubectl(["create", "namespace", namespace]);
  await kubectl(["label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"]);
  await kubectl([
    ...["-n", namespace, "create", "secret", "generic", "dagster-postgresql-secret"],
    "--from-literal=postgresql-password=of-the-test",
  ]);
  argo = await ArgoCd.up();
});
afterAll(async () => {
  for (const name of ["locations", "my-code", "dagster"])
    await kubectl([...["-n", "argocd", "delete", "application", name], "--ignore-not-found", "--wait=false"]);
  await argo?.down();
  await release.remove();
});

const codeLocation = (image: string) => `
apiVersion: dagster-operator.io/v1alpha1
kind: CodeLocation
metadata: { name: weather }
spec:
  image: ${image}
  imagePullPolicy: IfNotPresent
  file: definitions.ts
  env: [{ name: WAREHOUSE, value: /tmp/warehouse.duckdb }]
  resources: { requests: { cpu: 0.05 }, limits: { memory: 1024Mi } }
`;

test("the chart dagster is an Application that gets healthy", async () => {
  await argo.apply("dagster.yaml", namespace, {
    postgresql: {
      image: { repository: "dagster-operator-e2e-postgres", tag: "15" },
      persistence: { enabled: false },
    },
  });
  await argo.settles("dagster", await argo.head(), "Healthy", 180);
  await release.connect();
});

test("a commit that adds a code location puts it on the page", async () => {
  const commit = await argo.commit("weather", {
    "locations/weather.yaml": codeLocation(WEATHER_IMAGE),
  });
  await argo.apply("locations.yaml", namespace);
  await argo.settles("locations", commit, "Healthy");
  await eventually(async () => (await release.locations()).weather === "RepositoryLocation", {
    name: "weather on the page",
  });
});

test("so do Dagster's values in the chart of user code, and a Run as a hook belongs to the sync", async () => {
  const smoke = {
    apiVersion: "dagster-operator.io/v1alpha1",
    kind: "Run",
    metadata: { generateName: "smoke-", annotations: { "argocd.argoproj.io/hook": "PostSync" } },
    spec: { codeLocation: "my-code", assetSelection: "raw/movies" },
  };
  await argo.apply("my-code.yaml", namespace, {
    deployments: [
      {
        name: "my-code",
        image: { repository, tag: VERSION, pullPolicy: "IfNotPresent" },
        codeServerArgs: ["--file", "definitions.ts"],
        env: { WAREHOUSE: "/tmp/warehouse.duckdb" },
      },
    ],
    extraManifests: [smoke],
  });
  await argo.settles("my-code", await argo.head(), "Healthy");
  // The hook's Run first: a sync that was tried again had ended before, without it.
  const runs = await eventually(
    async () => {
      const hooks = await list(namespace, "runs.dagster-operator.io");
      return (
        hooks.some(({ status }) => status?.phase === "SUCCESS") &&
        (await argo.told("my-code")).acted !== "" &&
        hooks
      );
    },
    { seconds: 200, name: "the end of the sync and of its hook" },
  );
  expect(runs.map(({ metadata, status }) => [metadata.name.slice(0, 6), status?.phase])).toEqual([
    ["smoke-", "SUCCESS"],
  ]);
  expect(await release.locations()).toEqual({
    weather: "RepositoryLocation",
    "my-code": "RepositoryLocation",
  });
});

test("for a minute nothing is out of sync or pruned or applied again, while a run makes objects of its own", async () => {
  const names = ["dagster", "locations", "my-code"];
  const before = await Promise.all(names.map((name) => argo.told(name)));
  const uids = async () => (await list(namespace, OWNED.join(","))).map(({ metadata }) => metadata.uid);
  const owned = await uids();
  const { launchRun } = await release.graphql<{ launchRun: { run?: { runId: string } } }>(
    `mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
      ... on LaunchRunSuccess { run { runId } } } }`,
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
  const run = launchRun.run?.runId;
  expect(run).toBeDefined();
  const seen = new Set<string>();
  for (const end = Date.now() + 60_000; Date.now() < end; await new Promise((r) => setTimeout(r, 1_000)))
    for (const name of names) {
      const { sync, health, acted } = await argo.told(name);
      seen.add(`${name} ${sync} ${health} ${acted}`);
    }
  expect([...seen].sort()).toEqual(before.map(({ acted }, i) => `${names[i]} Synced Healthy ${acted}`));
  expect(await uids()).toEqual(expect.arrayContaining(owned));
  const [object] = (await list(namespace, "runs.dagster-operator.io")).filter(
    ({ metadata }) => metadata.name === run,
  );
  expect(object?.status.phase).toBe("SUCCESS");
});

test("a commit that breaks the image makes the Application Degraded with the reason, and a revert heals it", async () => {
  const broken = await argo.commit("broken", {
    "locations/weather.yaml": codeLocation(`${repository}:not-there`),
  });
  const { resources } = await argo.settles("locations", broken, "Degraded");
  expect(resources.find(({ kind }) => kind === "CodeLocation")?.health).toEqual({
    status: "Degraded",
    message: expect.stringMatching(/^ImagePullFailed: .*not-there.*; generation 1 goes on serving$/),
  });
  const weather = (await list(namespace, "codelocations")).find(
    ({ metadata }) => metadata.name === "weather",
  );
  expect(weather?.status).toMatchObject({ state: "SERVING", servingGeneration: 1, image: WEATHER_IMAGE });
  await argo.settles("locations", await argo.revert(), "Healthy");
});

test("what a person changes by hand is put back", async () => {
  await kubectl([
    ...["-n", namespace, "patch", "codelocation", "weather", "--type=merge", "-p"],
    '{"spec":{"file":"elsewhere.ts"}}',
  ]);
  await eventually(
    async () => {
      const locations = await list(namespace, "codelocations");
      return locations.find(({ metadata }) => metadata.name === "weather")?.spec.file === "definitions.ts";
    },
    { name: "the file as in Git" },
  );
  await argo.settles("locations", await argo.head(), "Healthy");
});

test("deleting prunes all: a file, and an Application", async () => {
  await kubectl(["-n", "argocd", "delete", "application", "my-code", "--timeout=150s"]);
  await argo.commit("no weather", {
    "locations/weather.yaml": null,
    // Argo CD prunes no Application to nothing by itself.
    "locations/left.yaml": "{ apiVersion: v1, kind: ConfigMap, metadata: { name: left } }",
  });
  await argo.refresh("locations");
  await eventually(async () => Object.keys(await release.locations()).length === 0, {
    name: "no location on the page",
  });
  for (const kind of ["codelocations", ...OWNED, "pods", "configmaps"])
    await eventually(
      async () =>
        (await list(namespace, kind)).every(
          ({ metadata }) => !/my-code|weather|dagster-code/.test(metadata.name),
        ),
      { name: `no ${kind} of a code location` },
    );
  await kubectl(["-n", "argocd", "delete", "application", "locations", "--timeout=150s"]);
  expect((await list(namespace, "configmaps")).map(({ metadata }) => metadata.name)).not.toContain("left");
});
