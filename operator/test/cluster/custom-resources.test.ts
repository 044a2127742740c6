/** The CRDs on a real API server: good manifests are taken, wrong ones are refused in the words of the zod schemas. */
import {
  API_VERSION,
  BackfillSpec,
  CodeLocationSpec,
  JobSpec,
  KINDS,
  RunSpec,
  ScheduleSpec,
} from "@dagster-operator/engine/resources";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { z } from "zod";
import { KubeError } from "../../src/kube/client.ts";
import type { KubeObject, Resource } from "../../src/kube/object.ts";
import { Cluster } from "./cluster.ts";

let cluster: Cluster;
let namespace: string;
beforeAll(async () => {
  cluster = await Cluster.open();
  namespace = await cluster.namespace();
});
afterAll(() => cluster?.close());

function resource(kind: string): Resource {
  const found = KINDS.find((each) => each.kind === kind);
  if (!found) throw new Error(`no kind ${kind}`);
  return { apiVersion: API_VERSION, kind, plural: found.plural };
}
let made = 0;
const create = (kind: string, spec: unknown, name = `n-${++made}`) =>
  cluster.client.create(resource(kind), { metadata: { name, namespace }, spec } as KubeObject);
async function refusal(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(error instanceof KubeError)) throw new Error(`the API server took it: ${error}`);
  expect(error.status).toBe(422);
  return error.message;
}

const pod = {
  imagePullSecrets: ["a", { name: "b" }],
  env: [
    { name: "A", value: "1" },
    { name: "B", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
  ],
  envConfigMaps: ["plain", { name: "named", optional: true }],
  envSecrets: [{ name: "s" }],
  labels: { team: "shop" },
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
  tolerations: [{ key: "gpu", operator: "Exists" }],
  resources: { limits: { memory: "1Gi", cpu: 2 } },
  volumes: [{ name: "v", emptyDir: {} }],
  sidecarContainers: [{ name: "proxy", image: "p", args: ["--port", "1"] }],
};
const target = {
  codeLocation: "shop",
  job: "nightly",
  runConfig: { ops: { a: { config: { n: 1, list: [1, { deep: true }] } } } },
  tags: { "dagster/priority": "3" },
  executor: "k8s_job",
  podTemplate: pod,
};
const good: [string, Record<string, unknown>][] = [
  [
    "CodeLocation",
    {
      image: "i",
      file: "d.ts",
      ...pod,
      runTemplate: { ...pod, ttlAfterSuccess: 60 },
      podDisruptionBudget: { minAvailable: 1 },
    },
  ],
  [
    "CodeLocation",
    { image: "i", module: "m", replicas: 0, paused: true, readinessProbe: { tcpSocket: { port: "http" } } },
  ],
  ["Job", { ...target, description: "d", partitionKey: "2026-01-01" }],
  ["Job", { codeLocation: "shop", assetSelection: "+revenue" }],
  ["Schedule", { ...target, cron: "0 4 * * *", timeZone: "Europe/Rome", catchUp: { maxTicks: 0 } }],
  ["Schedule", { crons: ["0 4 * * *", "0 5 * * *"], jobRef: { name: "j" } }],
  ["Schedule", { codeLocation: "shop", suspend: true, schedule: "from_code" }],
  ["Sensor", { codeLocation: "shop", suspend: true, minimumInterval: 0.5 }],
  ["Run", { ...target, partitionKey: "p" }],
  ["Run", { jobRef: { name: "j" } }],
  ["Backfill", { ...target, partitionKeys: ["a"] }],
  ["Backfill", { jobRef: { name: "j" }, partitionRange: { start: "a", end: "b" }, cancel: false }],
];
test.each(good)("a good %s is taken and kept as it was written: %j", async (kind, spec) => {
  const { spec: kept } = await create(kind, spec);
  expect(kept).toEqual(kind === "CodeLocation" ? { language: "typescript", replicas: 1, ...spec } : spec);
});

const schemas: Record<string, z.ZodType> = {
  CodeLocation: CodeLocationSpec,
  Job: JobSpec,
  Schedule: ScheduleSpec,
  Run: RunSpec,
  Backfill: BackfillSpec,
};
const keys = { partitionKeys: ["a"] };
const wrong: [string, Record<string, unknown>][] = [
  ["CodeLocation", { image: "i" }],
  ["CodeLocation", { image: "i", file: "f", module: "m" }],
  ...(["Job", "Run", "Backfill"] as const).flatMap((kind): [string, Record<string, unknown>][] => {
    const more = kind === "Backfill" ? keys : {};
    return [
      [kind, { codeLocation: "l", ...more }],
      [kind, { codeLocation: "l", job: "nightly", assetSelection: "a", ...more }],
      [kind, { job: "nightly", ...more }],
      [kind, { assetSelection: "a", ...more }],
    ];
  }),
  ...(["Run", "Backfill", "Schedule"] as const).flatMap((kind): [string, Record<string, unknown>][] => {
    const more = kind === "Backfill" ? keys : kind === "Schedule" ? { cron: "* * * * *" } : {};
    const jobRef = { name: "j" };
    return [
      [kind, { jobRef, codeLocation: "l", ...more }],
      [kind, { jobRef, job: "nightly", ...more }],
      [kind, { jobRef, assetSelection: "a", ...more }],
      [kind, { jobRef, job: "nightly", assetSelection: "a", ...more }],
    ];
  }),
  ["Schedule", { cron: "* * * * *" }],
  ["Schedule", { cron: "* * * * *", job: "nightly" }],
  ["Schedule", { cron: "* * * * *", crons: ["* * * * *"], jobRef: { name: "j" } }],
  ["Schedule", { suspend: true }],
  ...Object.entries({
    ...target,
    jobRef: { name: "j" },
    timeZone: "UTC",
    assetSelection: "a",
    partitionKey: "p",
    catchUp: { maxTicks: 1 },
  })
    .filter(([field]) => field !== "codeLocation")
    .map(([field, value]): [string, Record<string, unknown>] => [
      "Schedule",
      { codeLocation: "l", [field]: value },
    ]),
  ["Backfill", { jobRef: { name: "j" } }],
  ["Backfill", { jobRef: { name: "j" }, ...keys, partitionRange: { start: "a", end: "b" } }],
];
test.each(wrong)("a wrong %s is refused in the words of its schema: %j", async (kind, spec) => {
  const issues = schemas[kind]?.safeParse(spec).error?.issues ?? [];
  expect(issues.length).toBeGreaterThan(0);
  const message = await refusal(create(kind, spec));
  for (const issue of issues) expect(message).toContain(issue.message);
});

describe("what only a cluster asks for", () => {
  test("a CodeLocation needs an image", async () => {
    expect(await refusal(create("CodeLocation", { file: "f" }))).toContain(
      "a code location in a cluster needs an image",
    );
  });

  test.each(["a.b", "a".repeat(51)])("a CodeLocation is not called %s", async (name) => {
    expect(await refusal(create("CodeLocation", { image: "i", file: "f" }, name))).toContain(
      "the name of a code location has at most 50 characters and no dot",
    );
  });
});

describe("a Run that was made", () => {
  const changes: [string, Record<string, unknown>][] = [
    ["codeLocation", { codeLocation: "other" }],
    ["job", { job: "other" }],
    ["runConfig", { runConfig: { ops: { a: { config: { n: 2 } } } } }],
    ["tags", { tags: { more: "1" } }],
    ["podTemplate", { podTemplate: { resources: { limits: { memory: "2Gi" } } } }],
    ["executor", { executor: null }],
    ["partitionKey", { partitionKey: "p" }],
  ];
  test.each(changes)("keeps its %s", async (field, change) => {
    const { metadata } = await create("Run", target);
    const message = await refusal(
      cluster.client.merge(resource("Run"), namespace, metadata.name, { spec: change }),
    );
    expect(message).toContain(
      `a run is what it was made as, only cancel can be set: make another Run to change ${field}`,
    );
  });

  test("can be canceled, once and for all", async () => {
    const { metadata } = await create("Run", target);
    const set = (cancel: boolean) =>
      cluster.client.merge<KubeObject & { spec: { cancel: boolean } }>(
        resource("Run"),
        namespace,
        metadata.name,
        {
          spec: { cancel },
        },
      );
    expect((await set(true)).spec.cancel).toBe(true);
    expect(await refusal(set(false))).toContain("a cancel cannot be taken back: make another Run");
  });
});

test("a field that a kind does not have is dropped, as Kubernetes does", async () => {
  const { spec } = await create("Sensor", { codeLocation: "shop", suspended: true });
  expect(spec).toEqual({ codeLocation: "shop" });
});

test("conditions are one of each type", async () => {
  const { metadata } = await create("Sensor", { codeLocation: "shop" });
  const condition = {
    type: "Ready",
    status: "True",
    reason: "R",
    message: "",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  const status = { conditions: [condition, condition] };
  const message = await refusal(
    cluster.client.merge(resource("Sensor"), namespace, metadata.name, { status }, "status"),
  );
  expect(message).toContain("Duplicate value");
});
