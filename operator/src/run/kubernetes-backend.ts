import {
  type ComputeBackend,
  NotFound,
  type RunRecord,
  type Storage,
  type WorkerExit,
} from "@dagster-operator/engine";
import type { KubeClient } from "../kube/client.ts";
import { isConflict } from "../kube/client.ts";
import { splitKey } from "../kube/object.ts";
import { POD, SECRET } from "../kube/resources.ts";
import type { WorkerCause } from "./decide.ts";
import {
  JOB,
  LABEL,
  RUN_WORKER,
  runJobName,
  type WorkerJob,
  workerJob,
  workerSecret,
} from "./job-template.ts";
import type { KnownLocations } from "./known-locations.ts";
import { jobEnvironment, podConfig } from "./location-objects.ts";
import type { K8sConfig } from "./merge/k8s-config.ts";
import { runK8sConfig } from "./merge/layers.ts";
import type { WorkerEnd } from "./pod-state.ts";
import { ensureRunObject, ownerOf } from "./run-objects.ts";
import { Story } from "./story.ts";
import { forgetPod, Supervisor, type WorkerNews } from "./supervisor.ts";
import type { WorkerCache, WorkerView } from "./worker-cache.ts";

export interface KubernetesBackendOptions {
  client: KubeClient;
  storage: Storage;
  locations: KnownLocations;
  cache: WorkerCache;
  /** Name of this installation. */
  installation: string;
  /** Settings of the installation for all runs; see merge/container-context.ts. */
  launcher: K8sConfig;
  /** From the making of a Job until its worker must run. Default 300,000. */
  startTimeoutMs?: number | undefined;
  onFault: (what: string, error: unknown) => void;
  /** The run's worker ended. */
  onRunEnd?: ((runId: string) => void) | undefined;
  /** Something about the run's worker changed: `workerOf` tells what. */
  onWorker?: ((runId: string) => void) | undefined;
}

type Launch = Parameters<ComputeBackend["launch"]>[0];
interface Worker {
  runId: string;
  attempt: number;
}

/** How long after its grace period a pod may take to be gone. */
const KUBELET_MS = 30_000;
const REMEMBERED = 2_000;

/**
 * Run workers as Kubernetes Jobs, one pod each. What lives is what the cluster has: a new leader finds the workers of the old
 * one, and tells again of those that ended, which costs nothing where it is known.
 */
export class KubernetesBackend implements ComputeBackend {
  readonly #o: KubernetesBackendOptions;
  readonly #handlers: ((exit: WorkerExit) => void)[] = [];
  readonly #supervisor: Supervisor;
  readonly #story: Story;
  /** Made here, and not yet seen by the cache. */
  readonly #making = new Map<string, Worker>();
  /** Callers who wait for a worker's end, by key of its Job. */
  readonly #waiting = new Map<string, (() => void)[]>();
  /** How workers ended whose Jobs may be gone already, newest last. */
  readonly #ends = new Map<string, WorkerCause>();
  /** Ends that were there when this process came: told after the first `live`, so that nobody takes them for lost. */
  #backlog: (() => void)[] | null = [];

  constructor(options: KubernetesBackendOptions) {
    this.#o = options;
    this.#story = new Story(options.storage, options.onFault);
    this.#supervisor = new Supervisor({
      cache: options.cache,
      component: RUN_WORKER,
      startTimeoutMs: options.startTimeoutMs ?? 300_000,
      onNews: (view, news) => this.#news(view, news),
      onEnd: (view, end) => this.#ended(view, end),
      onAbandoned: (pod) => forgetPod(options.client, pod, options.onFault),
    });
  }

  async launch(request: Launch): Promise<void> {
    const { client, storage, locations, cache, launcher } = this.#o;
    const { runId, attempt, location } = request;
    const run = await storage.runs.get(runId);
    if (!run) throw new NotFound("run", runId);
    // One that has begun goes on to its end, though its location was deleted.
    const row = await (run.startedAt === null ? locations.now(location) : locations.last(location));
    if (!row)
      throw new NotFound("code location", location, "its runs cannot start: was its CodeLocation deleted?");
    await this.#removeOlder(runId, attempt);
    this.#ends.delete(runId);
    const image = request.codeVersion ?? row.image;
    if (!image) throw new NotFound("image of code location", location, "set spec.image of its CodeLocation");
    const object = await ensureRunObject(client, run, row);
    const worker: WorkerJob = {
      name: runJobName(runId, attempt),
      secret: runJobName(runId, attempt),
      namespace: row.namespace,
      installation: this.#o.installation,
      runId,
      attempt,
      job: run.job,
      location,
      image,
      code: row.template.code,
      config: runK8sConfig({
        launcher,
        location: podConfig(row, run.job, object.spec.podTemplate),
        tags: run.tags,
      }),
      tags: run.tags,
      owner: ownerOf(object),
      url: request.url,
      env: jobEnvironment(row, run.job),
    };
    const key = `${worker.namespace}/${worker.name}`;
    if (!cache.get(key)) this.#making.set(key, { runId, attempt });
    try {
      await this.#create(worker, request.token, run);
    } catch (error) {
      this.#making.delete(key);
      throw error;
    }
  }

  async #create(worker: WorkerJob, token: string, run: RunRecord): Promise<void> {
    const { client } = this.#o;
    const { name, namespace } = worker;
    await client.create(SECRET, workerSecret(worker, token)).catch(ignoreConflict);
    try {
      await client.create(JOB, workerJob(worker));
    } catch (error) {
      if (!isConflict(error)) throw error;
      return;
    }
    this.#story.tell(
      run.runId,
      "INFO",
      `Job ${namespace}/${name} was created for the run worker, with image ${worker.image}`,
      {
        "Kubernetes Job": name,
        "Kubernetes namespace": namespace,
        image: worker.image,
      },
    );
  }

  async cancel(runId: string, graceMs: number): Promise<void> {
    const { client, cache } = this.#o;
    const views = cache.ofRun(runId);
    const made = [...this.#making].filter(([, worker]) => worker.runId === runId).map(([key]) => key);
    await Promise.all(
      [...new Set([...views.map(({ key }) => key), ...made])].map(async (key) => {
        const { namespace, name } = splitKey(key);
        const view = cache.get(key);
        const pod = view?.pod && !view.podGone ? view.pod : null;
        if (view && pod && isRunWorker(view) && !this.#supervisor.hasEnded(key)) {
          const ended = this.#end(key);
          this.#supervisor.deleting(key);
          const gracePeriodSeconds = Math.max(1, Math.ceil(graceMs / 1000));
          await client.delete(POD, namespace, pod.metadata.name, { gracePeriodSeconds });
          await within(ended, gracePeriodSeconds * 1000 + KUBELET_MS);
        }
        await client.delete(JOB, namespace, name);
      }),
    );
  }

  onExit(handler: (exit: WorkerExit) => void): void {
    this.#handlers.push(handler);
  }

  async live(): Promise<Worker[]> {
    await this.#o.cache.synced;
    const live = new Map(this.#making);
    for (const view of this.#o.cache.list()) {
      const worker = workerOf(view);
      if (!worker || !isRunWorker(view)) continue;
      if (this.#supervisor.hasEnded(view.key) && !this.#backlog) live.delete(view.key);
      else live.set(view.key, worker);
    }
    const backlog = this.#backlog ?? [];
    this.#backlog = null;
    if (backlog.length > 0)
      setImmediate(() => {
        for (const tell of backlog) tell();
      });
    return [...live.values()];
  }

  /** How the run's newest worker does, or ended. */
  workerOf(runId: string): WorkerCause | null {
    const end = this.#ends.get(runId);
    if (end) return end;
    let newest: WorkerView | null = null;
    for (const view of this.#o.cache.ofRun(runId))
      if (
        isRunWorker(view) &&
        (workerOf(view)?.attempt ?? 0) >= (newest ? (workerOf(newest)?.attempt ?? 0) : 0)
      )
        newest = view;
    return newest && this.#supervisor.causeOf(newest.key);
  }

  /** Workers go on: they are the cluster's, and the next leader finds them. */
  async close(): Promise<void> {
    this.#supervisor.close();
    await this.#story.settle();
  }

  #news(view: WorkerView, news: WorkerNews): void {
    this.#making.delete(view.key);
    const worker = workerOf(view);
    if (worker && news.text) this.#story.tell(worker.runId, news.level, news.text, news.metadata);
    if (worker) this.#o.onWorker?.(worker.runId);
  }

  #ended(view: WorkerView, end: WorkerEnd): void {
    this.#making.delete(view.key);
    const worker = workerOf(view);
    if (!worker) return;
    const tell = () => {
      for (const handler of this.#handlers) handler({ ...worker, reason: end.reason, message: end.message });
    };
    if (end.reason !== "completed" && !this.#backlog)
      this.#story.tell(worker.runId, "ERROR", `The run worker ended (${end.cause}): ${end.message}`, {
        reason: end.cause,
      });
    if (this.#backlog) this.#backlog.push(tell);
    else tell();
    this.#ends.set(worker.runId, { cause: end.cause, message: end.message });
    const [oldest] = this.#ends.keys();
    if (this.#ends.size > REMEMBERED && oldest !== undefined) this.#ends.delete(oldest);
    this.#o.onWorker?.(worker.runId);
    this.#o.onRunEnd?.(worker.runId);
    for (const done of this.#waiting.get(view.key) ?? []) done();
    this.#waiting.delete(view.key);
    if (end.reason === "start_failed") this.#remove(view.key);
  }

  #end(key: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve]));
  }

  /** A newer attempt fences the older worker anyway; its pod would only cost. */
  async #removeOlder(runId: string, attempt: number): Promise<void> {
    for (const view of this.#o.cache.ofRun(runId)) {
      const worker = workerOf(view);
      if (!worker || worker.attempt >= attempt || !view.job) continue;
      const { namespace, name } = splitKey(view.key);
      await this.#o.client.delete(JOB, namespace, name);
    }
  }

  #remove(key: string): void {
    const { namespace, name } = splitKey(key);
    this.#o.client
      .delete(JOB, namespace, name)
      .catch((error) => this.#o.onFault(`Job ${key}, whose worker did not start, cannot be removed`, error));
  }
}

const labelsOf = (view: WorkerView) => (view.job ?? view.pod)?.metadata.labels ?? {};
const isRunWorker = (view: WorkerView): boolean => labelsOf(view)[LABEL.component] === RUN_WORKER;
function workerOf(view: WorkerView): Worker | null {
  const { [LABEL.runId]: runId, [LABEL.attempt]: attempt } = labelsOf(view);
  return runId ? { runId, attempt: Number(attempt ?? 1) } : null;
}

function ignoreConflict(error: unknown): void {
  if (!isConflict(error)) throw error;
}

async function within(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([promise, new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
