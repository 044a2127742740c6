import { type KubeObject, keyOf } from "../kube/object.ts";
import type { Pod } from "../kube/resources.ts";
import type { Informers } from "../runtime/informers.ts";
import { ANNOTATION, LABEL, MANAGED_BY } from "./job-template.ts";

export interface BatchJob extends KubeObject {
  status?: { conditions?: { type: string; status: string; reason?: string; message?: string }[] };
}

/** A worker's Job with its pod, as last seen. */
export interface WorkerView {
  key: string;
  /** null = gone. */
  job: BatchJob | null;
  pod: Pod | null;
  /** The pod as it was last is in `pod`. */
  podGone: boolean;
}

const JOB_NAME = "batch.kubernetes.io/job-name";
export const WORKER_SELECTOR = `app.kubernetes.io/managed-by=${MANAGED_BY["app.kubernetes.io/managed-by"]},${LABEL.runId}`;

/** Follows the Jobs and pods of all workers, and knows which pod is whose. */
export class WorkerCache {
  readonly #views = new Map<string, WorkerView>();
  readonly #byRun = new Map<string, Set<string>>();
  readonly #sources: readonly { readonly synced: Promise<void> }[];
  readonly #handlers: ((view: WorkerView) => void)[] = [];

  /** Both with `WORKER_SELECTOR`; whoever made them runs them. Workers of another installation are not here. */
  constructor(jobs: Informers<BatchJob>, pods: Informers<Pod>, installation: string) {
    const ours = (object: KubeObject | null) =>
      (object?.metadata.annotations?.[ANNOTATION.installation] ?? installation) === installation;
    jobs.onChange((job, before) => ours(job ?? before) && this.#job(job, before));
    pods.onChange((pod, before) => ours(pod ?? before) && this.#pod(pod, before));
    this.#sources = [jobs, pods];
  }

  onChange(handler: (view: WorkerView) => void): void {
    this.#handlers.push(handler);
  }
  get(key: string): WorkerView | undefined {
    return this.#views.get(key);
  }
  list(): WorkerView[] {
    return [...this.#views.values()];
  }
  ofRun(runId: string): WorkerView[] {
    return [...(this.#byRun.get(runId) ?? [])].flatMap((key) => this.#views.get(key) ?? []);
  }
  /** Resolves once everything that is there is known. */
  get synced(): Promise<unknown> {
    return Promise.all(this.#sources.map(({ synced }) => synced));
  }

  #job(job: BatchJob | null, before: BatchJob | null): void {
    const object = job ?? before;
    if (!object) return;
    const view = this.#view(keyOf(object), object);
    const other = view.job?.metadata.uid !== object.metadata.uid;
    // A Job of the same name made anew: what was its predecessor's pod is not its own.
    if (job && other && view.job) Object.assign(view, { pod: null, podGone: false });
    if (!job && other && view.job) return;
    view.job = job;
    this.#tell(view);
  }

  #pod(pod: Pod | null, before: Pod | null): void {
    const object = pod ?? before;
    const name = object?.metadata.labels?.[JOB_NAME];
    if (!object || !name) return;
    const view = this.#view(`${object.metadata.namespace ?? ""}/${name}`, object);
    const other = view.pod && view.pod.metadata.uid !== object.metadata.uid;
    if (!pod && other) return;
    view.pod = object;
    view.podGone = pod === null;
    this.#tell(view);
  }

  #view(key: string, { metadata }: KubeObject): WorkerView {
    const known = this.#views.get(key);
    if (known) return known;
    const view: WorkerView = { key, job: null, pod: null, podGone: false };
    this.#views.set(key, view);
    const runId = metadata.labels?.[LABEL.runId] ?? "";
    const keys = this.#byRun.get(runId) ?? new Set();
    this.#byRun.set(runId, keys.add(key));
    return view;
  }

  #tell(view: WorkerView): void {
    for (const handler of this.#handlers) handler(view);
    if (view.job !== null || (view.pod !== null && !view.podGone)) return;
    this.#views.delete(view.key);
    const runId = view.pod?.metadata.labels?.[LABEL.runId];
    for (const [run, keys] of runId === undefined
      ? this.#byRun
      : ([[runId, this.#byRun.get(runId)]] as const))
      if (keys?.delete(view.key) && keys.size === 0) this.#byRun.delete(run);
  }
}

export const trimJob = ({ metadata, status }: BatchJob): BatchJob => ({
  metadata: slim(metadata),
  ...(status?.conditions && { status: { conditions: status.conditions } }),
});

export const trimPod = ({ metadata, spec, status }: Pod): Pod => ({
  metadata: slim(metadata),
  spec: {
    ...(spec?.nodeName !== undefined && { nodeName: spec.nodeName }),
    containers: (spec?.containers ?? []).map(({ name }) => ({ name })),
  },
  status: {
    ...(status?.phase !== undefined && { phase: status.phase }),
    ...(status?.reason !== undefined && { reason: status.reason }),
    ...(status?.message !== undefined && { message: status.message }),
    conditions: status?.conditions ?? [],
    containerStatuses: (status?.containerStatuses ?? []).map(({ name, state }) => ({
      name,
      ...(state && { state }),
    })),
    initContainerStatuses: (status?.initContainerStatuses ?? []).map(({ name, state }) => ({
      name,
      ...(state && { state }),
    })),
  },
});

function slim(metadata: KubeObject["metadata"]): KubeObject["metadata"] {
  const { annotations, managedFields: _managed, finalizers: _finalizers, ...rest } = metadata;
  const ours = Object.entries(annotations ?? {}).filter(([name]) => name.startsWith("dagster-operator.io/"));
  return ours.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(ours) };
}
