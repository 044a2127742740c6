import { describe, expect, test } from "@jest/globals";
import {
  labelValue,
  runJobName,
  stepJobAgain,
  stepJobName,
  type WorkerJob,
  workerJob,
  workerSecret,
} from "../src/run/job-template.ts";
import { configOfPodFields } from "../src/run/merge/container-context.ts";
import { emptyConfig } from "../src/run/merge/k8s-config.ts";

interface Job {
  metadata: { labels: Record<string, string>; ownerReferences: unknown[] };
  spec: {
    activeDeadlineSeconds?: number;
    backoffLimit: number;
    template: {
      metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
      spec: Record<string, unknown> & {
        containers: (Record<string, unknown> & { env: { name: string; value?: string }[] })[];
        initContainers?: Record<string, unknown>[];
      };
    };
  };
}
const owner = {
  apiVersion: "dagster-operator.io/v1alpha1",
  kind: "Run",
  name: "r",
  uid: "u",
  controller: true,
};
const worker = (over: Partial<WorkerJob> = {}): WorkerJob => ({
  name: "dagster-run-r",
  secret: "dagster-run-r",
  namespace: "team",
  installation: "dagster/dagster-operator",
  runId: "r",
  attempt: 2,
  job: "nightly sync",
  location: "orders",
  image: "orders:7",
  code: { language: "typescript", file: "definitions.ts", workingDirectory: "/app" },
  config: emptyConfig(),
  tags: {},
  owner,
  url: "http://web/run-api/v1",
  ...over,
});
const made = (over: Partial<WorkerJob> = {}) => workerJob(worker(over)) as unknown as Job;
const envOf = (job: Job) =>
  new Map(job.spec.template.spec.containers[0]?.env.map((entry) => [entry.name, entry]));

describe("The Job of a run", () => {
  test("is one pod that is not restarted, of the pinned image, owned by its Run", () => {
    const job = made();
    expect(job.spec).toMatchObject({ backoffLimit: 0, completions: 1, parallelism: 1 });
    expect(job.spec.template.spec.restartPolicy).toBe("Never");
    expect(job.spec.template.spec.containers[0]).toMatchObject({
      image: "orders:7",
      workingDir: "/app",
      command: ["node", "/opt/dagster-operator/runworker/dist/main.js"],
      terminationMessagePolicy: "FallbackToLogsOnError",
    });
    expect(job.metadata.ownerReferences).toEqual([owner]);
    expect(job.metadata.labels).toMatchObject({
      "dagster/run-id": "r",
      "dagster/job": "nightly-sync",
      "dagster/code-location": "orders",
      "app.kubernetes.io/component": "run-worker",
    });
  });

  test("has restricted security and no service account token, and a user may lay fields over that", () => {
    const { spec } = made().spec.template;
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(spec.containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    });
    const config = configOfPodFields({
      podSecurityContext: { runAsUser: 7 },
      securityContext: { readOnlyRootFilesystem: true },
    });
    const own = made({ config }).spec.template.spec;
    expect(own.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 7 });
    expect(own.containers[0]?.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
    });
  });

  test("has the token from its Secret alone, and our environment wins over the user's, but for its folders", () => {
    const config = configOfPodFields({
      env: [
        { name: "A", value: "1" },
        { name: "A", value: "2" },
        { name: "DAGSTER_OPERATOR_RUN_ID", value: "forged" },
        { name: "DAGSTER_OPERATOR_ARTIFACTS", value: "/shared" },
      ],
    });
    const env = envOf(made({ config }));
    expect(env.get("A")?.value).toBe("2");
    expect(env.get("DAGSTER_OPERATOR_RUN_ID")?.value).toBe("r");
    expect(env.get("DAGSTER_OPERATOR_RUN_ATTEMPT")?.value).toBe("2");
    expect(env.get("DAGSTER_OPERATOR_ARTIFACTS")?.value).toBe("/shared");
    expect(env.get("DAGSTER_OPERATOR_RUN_TOKEN")).toEqual({
      name: "DAGSTER_OPERATOR_RUN_TOKEN",
      valueFrom: { secretKeyRef: { name: "dagster-run-r", key: "token" } },
    });
    expect(workerSecret(worker(), "secret token")).toMatchObject({
      immutable: true,
      stringData: { token: "secret token" },
    });
  });

  test("carries what the official chart forgets, and sidecars as native ones", () => {
    const { template } = made({
      config: configOfPodFields({
        nodeSelector: { pool: "gpu" },
        tolerations: [{ key: "gpu", operator: "Exists" }],
        affinity: { nodeAffinity: {} },
        annotations: { a: "1" },
        labels: { team: "x" },
        priorityClassName: "high",
        sidecarContainers: [{ name: "proxy", image: "envoy" }],
        initContainers: [{ name: "wait", image: "busybox" }],
        envSecrets: [{ name: "more", optional: true }, "plain"],
      }),
    }).spec;
    expect(template.spec).toMatchObject({
      nodeSelector: { pool: "gpu" },
      tolerations: [{ key: "gpu", operator: "Exists" }],
      affinity: { nodeAffinity: {} },
      priorityClassName: "high",
      initContainers: [{ name: "wait" }, { name: "proxy", restartPolicy: "Always" }],
    });
    expect(template.spec.containers).toHaveLength(1);
    expect(template.metadata).toMatchObject({
      annotations: { a: "1" },
      labels: { team: "x", "dagster/run-id": "r" },
    });
    expect(template.spec.containers[0]?.envFrom).toEqual([
      { secretRef: { name: "more", optional: true } },
      { secretRef: { name: "plain" } },
    ]);
  });

  test("has a deadline where the tag says how long it may run", () => {
    expect(made().spec.activeDeadlineSeconds).toBeUndefined();
    expect(made({ tags: { "dagster/max_runtime": "90" } }).spec.activeDeadlineSeconds).toBe(90);
  });

  test("of a step tells which in an annotation, as a key may be no label", () => {
    const job = made({ step: { key: "load[2026/01]", attempt: 3 }, name: "s" });
    expect(job.spec.template.metadata.annotations).toMatchObject({
      "dagster-operator.io/step-key": "load[2026/01]",
      "dagster-operator.io/step-attempt": "3",
    });
    expect(job.metadata.labels["dagster/op"]).toBe("load-2026-01");
  });
});

test("names are of Kubernetes' length and alphabet", () => {
  const runId = "6c0ba4b3-7a8c-4d5b-9a53-0d8f6d1a2b3c";
  expect([runJobName(runId, 1), runJobName(runId, 3)]).toEqual([
    `dagster-run-${runId}`,
    `dagster-run-${runId}-3`,
  ]);
  const names = [stepJobName(runId, 1, "a", 1), stepJobName(runId, 1, "a", 2), stepJobName(runId, 2, "a", 1)];
  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9-]{1,62}$/);
  expect(labelValue(`--${"x".repeat(80)} y`)).toMatch(/^x{61}$/);
});

test("the Job of a lost step is made again under its next name, without what belongs to the first one", () => {
  const first = workerJob(
    worker({ name: "dagster-step-x", step: { key: "load", attempt: 1 } }),
  ) as unknown as {
    metadata: { labels: Record<string, string>; uid?: string };
    spec: { selector?: unknown; template: { metadata: { labels: Record<string, string> }; spec: unknown } };
  };
  const ours = { ...first.metadata.labels };
  first.metadata.uid = "uid-1";
  first.spec.selector = { matchLabels: { "batch.kubernetes.io/controller-uid": "uid-1" } };
  for (const labels of [first.metadata.labels, first.spec.template.metadata.labels])
    for (const name of ["controller-uid", "job-name"])
      Object.assign(labels, { [name]: "x", [`batch.kubernetes.io/${name}`]: "x" });
  const again = stepJobAgain(first as never, 1) as unknown as typeof first & {
    metadata: { name: string; annotations: object };
  };
  expect(again.metadata).toEqual({
    name: "dagster-step-x-r1",
    namespace: "team",
    labels: ours,
    annotations: {
      "dagster-operator.io/installation": "dagster/dagster-operator",
      "dagster-operator.io/step-key": "load",
      "dagster-operator.io/step-attempt": "1",
      "dagster-operator.io/infrastructure-retry": "1",
    },
    ownerReferences: [owner],
  });
  expect(again.spec.selector).toBeUndefined();
  expect(again.spec.template.metadata.labels).toEqual(ours);
  expect(again.spec.template.spec).toEqual(first.spec.template.spec);
  expect(stepJobAgain(again as never, 2).metadata.name).toBe("dagster-step-x-r2");
});
