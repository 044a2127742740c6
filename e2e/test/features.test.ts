/** examples/features with the executor k8s_job: each step in a pod of its own, and what comes out is the same as in process. */
import { readdirSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { executeInProcess, materialize } from "@dagster-operator/sdk";
import { internalsOf, type RunEvent, resolveSelection } from "@dagster-operator/sdk/internal";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createClient } from "../../cli/src/graphql/client.ts";
import { launchRun } from "../../cli/src/graphql/runs.ts";
import definitions from "../../examples/features/definitions.ts";
import { eventually, kubectl, list, ROOT } from "../src/command.ts";
import { Release, VERSION } from "../src/release.ts";

const EXAMPLE = join(ROOT, "examples/features");
const STEPS = "app.kubernetes.io/component=step-worker";
const STEP_KEY = "dagster-operator.io/step-key";
const FILES = ["definitions.ts", ...readdirSync(join(EXAMPLE, "src")).map((name) => `src/${name}`)];
const keyOf = (path: string) => path.replace("/", ".");
const { repository, snapshot } = internalsOf(definitions);

interface Scenario {
  title: string;
  job?: string;
  /** Selection of assets. */
  assets?: string;
  partition?: string;
  status: "SUCCESS" | "FAILURE";
  /** Lines of `story` that must be there, in process and in pods. */
  told: string[];
}
const SCENARIOS: Scenario[] = [
  {
    title: "assets of a graph, of one function, with checks, with a partition, and one that is not made",
    assets:
      'dictionary or key:"facts/first" or key:"split/*" or key:"refined/*" or key:"audited/*" or key:"sometimes/*" or visits',
    partition: "2026-01-25",
    status: "SUCCESS",
    told: [
      "STEP_SUCCESS dictionary.sort_words",
      "ASSET_MATERIALIZATION dictionary",
      "ASSET_MATERIALIZATION facts/first",
      "ASSET_MATERIALIZATION split/odd",
      "ASSET_MATERIALIZATION refined/totals",
      "LOADED_INPUT refined__morning summary refine",
      "ASSET_MATERIALIZATION visits 2026-01-25",
      "ASSET_CHECK_EVALUATION audited/north few_rows true ERROR",
      "ASSET_CHECK_EVALUATION audited/south same_length false WARN",
      "STEP_SKIPPED sometimes__alert_mail",
    ],
  },
  {
    title: "a step for each of many things",
    job: "many",
    status: "SUCCESS",
    told: [
      "STEP_OUTPUT letters result a",
      "STEP_SUCCESS size[a]",
      "STEP_SUCCESS size[b]",
      "STEP_SUCCESS sum",
    ],
  },
  {
    title: "a branch that is not taken",
    job: "branch",
    status: "SUCCESS",
    told: ["STEP_SKIPPED by_bike", "STEP_SUCCESS by_truck"],
  },
  {
    title: "hooks, and a step that is tried again",
    job: "watched",
    status: "FAILURE",
    told: [
      "STEP_UP_FOR_RETRY bad",
      "STEP_FAILURE bad",
      "HOOK_COMPLETED praise good",
      "HOOK_COMPLETED alarm bad",
      "HOOK_ERRORED broken good",
      "LOG_MESSAGE bad failed at try 2: no luck",
    ],
  },
];

/** What the run did, without what differs from run to run: order, times, places. */
function story(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => tell(event) ?? []).sort();
}
function tell(event: RunEvent): string | undefined {
  const words = (...all: unknown[]) =>
    [event.type, ...all.filter((word) => word !== undefined && word !== "")].join(" ");
  switch (event.type) {
    case "STEP_SUCCESS":
    case "STEP_FAILURE":
    case "STEP_SKIPPED":
    case "STEP_UP_FOR_RETRY":
      return words(event.stepKey);
    case "STEP_OUTPUT":
      return words(event.stepKey, event.output, event.mappingKey);
    case "LOADED_INPUT":
      return words(event.stepKey, event.input, event.upstreamStep);
    case "ASSET_MATERIALIZATION":
      return words(event.asset.join("/"), event.partition);
    case "ASSET_CHECK_EVALUATION":
      return words(event.asset.join("/"), event.check, event.passed, event.severity);
    case "HOOK_COMPLETED":
    case "HOOK_ERRORED":
      return words(event.hook, event.stepKey);
    case "LOG_MESSAGE":
      return words(event.message);
    default:
      return undefined;
  }
}
/** Keys of the steps that began, once for each try. */
const tries = (events: readonly RunEvent[]) =>
  events
    .filter(({ type }) => type === "STEP_START" || type === "STEP_RESTARTED")
    .map(({ stepKey }) => stepKey)
    .sort();

async function inProcess({ job, assets, partition }: Scenario) {
  const options = { raise: false, ...(partition !== undefined && { partitionKey: partition }) };
  if (job === undefined) return materialize(definitions, { ...options, selection: assets ?? "" });
  const found = repository.jobs.get(job);
  if (!found) throw new Error(`there is no job ${job}`);
  return executeInProcess(found, { ...options, assets: definitions });
}

let folder: string;
let release: Release;
const volume = () => `artifacts-of-${release.namespace}`;
const runIds = new Map<Scenario, string>();

beforeAll(async () => {
  // Pods run as user 1000, and fsGroup changes nothing of a hostPath.
  folder = await mkdtemp(join(tmpdir(), "dagster-operator-artifacts-"));
  await chmod(folder, 0o777);
  release = await Release.install();
  await apply(...sharedVolume(), code(), codeLocation());
  await kubectl([
    ...["-n", release.namespace, "wait", "--for=condition=Ready"],
    ...["codelocation/features", "--timeout=200s"],
  ]);
  await eventually(async () => (await release.locations()).features === "RepositoryLocation", {
    name: "features on the page",
  });
  const client = createClient(release.url);
  for (const scenario of SCENARIOS) {
    const { job, assets = "", partition } = scenario;
    const launched = await launchRun(client, {
      location: "features",
      job,
      assets: job === undefined ? resolveSelection(snapshot.assets, assets) : undefined,
      partition,
      runConfig: { execution: { config: { k8s_job: {} } } },
    });
    runIds.set(scenario, launched);
  }
});
afterAll(async () => {
  await release?.remove();
  if (release) await kubectl(["delete", "persistentvolume", volume(), "--ignore-not-found"]);
  if (folder) await rm(folder, { recursive: true });
});

const apply = (...items: object[]) =>
  kubectl(
    ["-n", release.namespace, "apply", "-f", "-"],
    JSON.stringify({ apiVersion: "v1", kind: "List", items }),
  );

/** A folder of this machine, which is the node. */
function sharedVolume(): object[] {
  const spec = { accessModes: ["ReadWriteMany"], storageClassName: "" };
  return [
    {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: volume() },
      spec: {
        ...spec,
        capacity: { storage: "1Gi" },
        hostPath: { path: folder, type: "Directory" },
        claimRef: { namespace: release.namespace, name: "artifacts" },
      },
    },
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "artifacts" },
      spec: { ...spec, volumeName: volume(), resources: { requests: { storage: "1Gi" } } },
    },
  ];
}

/** Its files; a key of a ConfigMap has no slash. */
function code(): object {
  const entries = FILES.map((path) => [keyOf(path), readFileSync(join(EXAMPLE, path), "utf8")]);
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "features" },
    data: Object.fromEntries(entries),
  };
}

const codeLocation = () => ({
  apiVersion: "dagster-operator.io/v1alpha1",
  kind: "CodeLocation",
  metadata: { name: "features" },
  spec: {
    image: `dagster-operator-user-code:${VERSION}`,
    imagePullPolicy: "IfNotPresent",
    file: "/code/definitions.ts",
    volumes: [
      {
        name: "code",
        configMap: { name: "features", items: FILES.map((path) => ({ key: keyOf(path), path })) },
      },
    ],
    volumeMounts: [{ name: "code", mountPath: "/code", readOnly: true }],
    runTemplate: {
      podSecurityContext: { fsGroup: 1000 },
      env: [{ name: "DAGSTER_OPERATOR_ARTIFACTS", value: "/artifacts" }],
      volumes: [{ name: "artifacts", persistentVolumeClaim: { claimName: "artifacts" } }],
      volumeMounts: [{ name: "artifacts", mountPath: "/artifacts" }],
    },
  },
});

interface DebugFile {
  run: { status: string };
  events: { event: RunEvent }[];
}
const ended = (runId: string) =>
  eventually(
    async () => {
      const response = await fetch(`${release.url}/download_debug/${runId}`);
      const file: DebugFile = JSON.parse(gunzipSync(Buffer.from(await response.arrayBuffer())).toString());
      return ["SUCCESS", "FAILURE", "CANCELED"].includes(file.run.status) ? file : null;
    },
    { seconds: 180, every: 500, name: `the end of run ${runId}` },
  );

test.each(SCENARIOS)("$title: in pods as in process", async (scenario) => {
  const runId = runIds.get(scenario) ?? "";
  const here = await inProcess(scenario);
  const { run, events } = await ended(runId);
  const there = events.map(({ event }) => event);
  expect({ status: run.status, story: story(there) }).toEqual({
    status: scenario.status,
    story: story(here.events),
  });
  expect(story(there)).toEqual(expect.arrayContaining(scenario.told));
  const jobs = await list(release.namespace, "jobs.batch", `dagster/run-id=${runId},${STEPS}`);
  const ofJobs = jobs.map(({ metadata }) => metadata.annotations?.[STEP_KEY] ?? "");
  const all = tries(here.events);
  expect(all).toEqual(expect.arrayContaining(ofJobs));
  // No Job outlives its run: that of the step whose end was the run's end may have gone with it.
  expect(ofJobs.length).toBeGreaterThanOrEqual(all.length - 1);
});

test("the values of all runs lie on the volume that their pods share", () => {
  const stored = readdirSync(folder, { recursive: true }).map(String);
  for (const name of ["dictionary", "visits"]) expect(stored).toContainEqual(expect.stringContaining(name));
});
