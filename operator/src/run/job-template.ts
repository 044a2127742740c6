/** The Job of a run's worker and of a step's worker, and the Secret with its token. Pure. */
import { createHash } from "node:crypto";
import { type CodeToLoad, WORKER_ENV } from "@dagster-operator/engine";
import type { KubeObject, OwnerReference, Resource } from "../kube/object.ts";
import type { K8sConfig } from "./merge/k8s-config.ts";
import { isObject, type Json } from "./merge/normalize.ts";

export const JOB: Resource = { apiVersion: "batch/v1", kind: "Job", plural: "jobs" };

export const MANAGED_BY = { "app.kubernetes.io/managed-by": "dagster-operator" } as const;
export const LABEL = {
  runId: "dagster/run-id",
  job: "dagster/job",
  op: "dagster/op",
  codeLocation: "dagster/code-location",
  component: "app.kubernetes.io/component",
  attempt: "dagster-operator.io/attempt",
} as const;
/** On Jobs and pods: what may not be in a label. */
export const ANNOTATION = {
  /** Whose it is, of several installations that watch its namespace. */
  installation: "dagster-operator.io/installation",
  stepKey: "dagster-operator.io/step-key",
  stepAttempt: "dagster-operator.io/step-attempt",
  /** How often a step's pod was lost before, with nothing but the cluster to blame. */
  infrastructureRetry: "dagster-operator.io/infrastructure-retry",
} as const;
export const RUN_WORKER = "run-worker";
export const STEP_WORKER = "step-worker";

const MAIN = "/opt/dagster-operator/runworker/dist/main.js";
const WRITABLE = "/var/lib/dagster-operator";
/** Longest run in seconds, then its pod is stopped. */
const MAX_RUNTIME_TAG = "dagster/max_runtime";

export interface WorkerJob {
  name: string;
  /** Name of the Secret with its token. */
  secret: string;
  namespace: string;
  /** Of the operator that makes it. */
  installation: string;
  runId: string;
  attempt: number;
  /** The job in the code. */
  job: string;
  location: string;
  /** Set for a step's worker. */
  step?: { key: string; attempt: number } | undefined;
  image: string;
  code: CodeToLoad;
  /** Merged, see merge/layers.ts. */
  config: K8sConfig;
  tags: Readonly<Record<string, string>>;
  owner: OwnerReference;
  /** Base of the run API as pods reach it. */
  url: string;
  /** Further environment, which user config cannot override. */
  env?: Record<string, string> | undefined;
}

export const runJobName = (runId: string, attempt: number): string =>
  `dagster-run-${runId}${attempt > 1 ? `-${attempt}` : ""}`;

/** The key may hold any characters and be of any length, so the name has its hash. */
export const stepJobName = (runId: string, attempt: number, stepKey: string, stepAttempt: number): string =>
  `dagster-step-${runId.slice(0, 8)}-${createHash("sha256").update(`${runId}\n${attempt}\n${stepKey}\n${stepAttempt}`).digest("hex").slice(0, 20)}`;

/** A value that a label may have: characters that it may not have become `-`. */
export const labelValue = (text: string): string =>
  text
    .slice(0, 63)
    .replaceAll(/[^a-zA-Z0-9\-_.]/g, "-")
    .replaceAll(/^[-_.]+|[-_.]+$/g, "");

export function workerLabels(worker: Omit<WorkerJob, "config">): Record<string, string> {
  return {
    "app.kubernetes.io/name": "dagster",
    "app.kubernetes.io/instance": labelValue(worker.location),
    "app.kubernetes.io/part-of": "dagster",
    [LABEL.component]: worker.step === undefined ? RUN_WORKER : STEP_WORKER,
    ...MANAGED_BY,
    [LABEL.runId]: worker.runId,
    [LABEL.job]: labelValue(worker.job),
    [LABEL.codeLocation]: labelValue(worker.location),
    ...(worker.step && { [LABEL.op]: labelValue(worker.step.key) }),
    [LABEL.attempt]: String(worker.attempt),
  };
}

export function workerSecret(worker: WorkerJob, token: string): KubeObject {
  const { secret: name, namespace, owner } = worker;
  return {
    metadata: { name, namespace, labels: workerLabels(worker), ownerReferences: [owner] },
    type: "Opaque",
    immutable: true,
    stringData: { token },
  };
}

/**
 * What must be so is laid over the user's config (name, one pod that is not restarted, our environment and labels); what is
 * a default lies under it (restricted security, no service account token, last words from the log).
 */
export function workerJob(worker: WorkerJob): KubeObject {
  const { config, name, namespace } = worker;
  const labels = workerLabels(worker);
  const annotations = {
    [ANNOTATION.installation]: worker.installation,
    ...(worker.step && {
      [ANNOTATION.stepKey]: worker.step.key,
      [ANNOTATION.stepAttempt]: String(worker.step.attempt),
    }),
  };
  const deadline = Number(worker.tags[MAX_RUNTIME_TAG] ?? 0);
  return {
    ...config.jobConfig,
    metadata: {
      ...withAnnotations(config.jobMetadata, annotations),
      name,
      namespace,
      labels: { ...(config.jobMetadata.labels as Record<string, string> | undefined), ...labels },
      ownerReferences: [worker.owner],
    },
    spec: {
      ...(worker.step === undefined && deadline > 0 && { activeDeadlineSeconds: Math.ceil(deadline) }),
      ...config.jobSpecConfig,
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      template: {
        metadata: {
          ...withAnnotations(config.podTemplateSpecMetadata, annotations),
          labels: { ...objectOf(config.podTemplateSpecMetadata.labels), ...labels },
        },
        spec: podSpec(worker),
      },
    },
  };
}

const withAnnotations = (metadata: Json, ours: Record<string, string>): Json => ({
  ...metadata,
  annotations: { ...objectOf(metadata.annotations), ...ours },
});

/** The Job of a step whose pod was lost, once more: as the API server gives it, without what belongs to the first one. */
export function stepJobAgain(given: KubeObject, retry: number): KubeObject {
  const job = given as KubeObject & { spec: Json & { template: { metadata: Json; spec: Json } } };
  const { name, namespace, labels, annotations, ownerReferences } = job.metadata;
  const { selector: _selector, manualSelector: _manual, ...spec } = job.spec;
  const retries = { [ANNOTATION.infrastructureRetry]: String(retry) };
  const own = ([label]: [string, unknown]) => !/(^|\/)(job-name|controller-uid)$/.test(label);
  const pod = spec.template.metadata;
  return {
    metadata: {
      name: `${name.replace(/-r\d+$/, "")}-r${retry}`,
      ...(namespace !== undefined && { namespace }),
      labels: Object.fromEntries(Object.entries(labels ?? {}).filter(own)) as Record<string, string>,
      annotations: { ...annotations, ...retries },
      ...(ownerReferences && { ownerReferences }),
    },
    spec: {
      ...spec,
      template: {
        ...spec.template,
        metadata: {
          ...withAnnotations(pod, retries),
          labels: Object.fromEntries(Object.entries(objectOf(pod.labels)).filter(own)),
        },
      },
    },
  };
}

function podSpec(worker: WorkerJob): Json {
  const { containers, volumes, securityContext, ...rest } = worker.config.podSpecConfig;
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...rest,
    restartPolicy: "Never",
    securityContext: {
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
      ...objectOf(securityContext),
    },
    containers: [container(worker), ...listOf(containers)],
    volumes: [{ name: "dagster-operator", emptyDir: {} }, ...listOf(volumes)],
  };
}

function container(worker: WorkerJob): Json {
  const { code, config } = worker;
  const { env, volumeMounts, securityContext, name, image, command, args, ...rest } = config.containerConfig;
  return {
    ...(code.workingDirectory !== undefined && { workingDir: code.workingDirectory }),
    terminationMessagePolicy: "FallbackToLogsOnError",
    ...rest,
    name: name ?? "dagster",
    image: image ?? worker.image,
    command: command ?? ["node", MAIN],
    ...(args !== undefined && { args }),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      ...objectOf(securityContext),
    },
    env: environment(worker, listOf(env)),
    volumeMounts: [{ name: "dagster-operator", mountPath: WRITABLE }, ...listOf(volumeMounts)],
  };
}

/** One entry a name, the last: as a container would see it. */
function environment(worker: WorkerJob, user: unknown[]): unknown[] {
  const { file, module, attribute } = worker.code;
  const defaults = [
    { name: WORKER_ENV.artifacts, value: `${WRITABLE}/artifacts` },
    { name: WORKER_ENV.spool, value: `${WRITABLE}/spool` },
  ];
  const ours = [
    { name: WORKER_ENV.url, value: worker.url },
    { name: WORKER_ENV.token, valueFrom: { secretKeyRef: { name: worker.secret, key: "token" } } },
    { name: WORKER_ENV.runId, value: worker.runId },
    { name: WORKER_ENV.attempt, value: String(worker.attempt) },
    { name: WORKER_ENV.definitions, value: JSON.stringify({ file, module, attribute }) },
    { name: WORKER_ENV.onTerm, value: "ask" },
    ...(worker.step ? [] : [{ name: WORKER_ENV.stepJobs, value: "1" }]),
    ...Object.entries(worker.env ?? {}).map(([name, value]) => ({ name, value })),
  ];
  const byName = new Map<unknown, unknown>();
  for (const entry of [...defaults, ...user, ...ours]) {
    const { name } = objectOf(entry);
    byName.delete(name);
    byName.set(name, entry);
  }
  return [...byName.values()];
}

const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
