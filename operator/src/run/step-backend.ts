import {
  type ClaimedStep,
  InvalidInput,
  isEnded,
  NotFound,
  type StepLaunchKey,
  type Storage,
  systemClock,
  Wake,
  WORKER_ENV,
} from "@dagster-operator/engine";
import type { StepResult } from "@dagster-operator/sdk/internal";
import { isConflict, type KubeClient, KubeError } from "../kube/client.ts";
import { type OwnerReference, splitKey } from "../kube/object.ts";
import type { InfrastructureRetries } from "./infrastructure-retries.ts";
import {
  ANNOTATION,
  JOB,
  LABEL,
  RUN_WORKER,
  runJobName,
  STEP_WORKER,
  stepJobAgain,
  stepJobName,
  type WorkerJob,
  workerJob,
} from "./job-template.ts";
import type { KnownLocations } from "./known-locations.ts";
import { jobEnvironment, podConfig } from "./location-objects.ts";
import { readContainerContext } from "./merge/container-context.ts";
import { type K8sConfig, readK8sConfig } from "./merge/k8s-config.ts";
import { stepK8sConfig } from "./merge/layers.ts";
import { isObject, type Json } from "./merge/normalize.ts";
import type { WorkerEnd } from "./pod-state.ts";
import { ensureRunObject, ownerOf } from "./run-objects.ts";
import { Story } from "./story.ts";
import { forgetPod, Supervisor } from "./supervisor.ts";
import type { WorkerCache, WorkerView } from "./worker-cache.ts";

export interface StepBackendOptions {
  client: KubeClient;
  storage: Storage;
  locations: KnownLocations;
  cache: WorkerCache;
  /** Name of this installation. */
  installation: string;
  launcher: K8sConfig;
  /** Base of the run API as pods reach it. */
  url: string;
  /** Names this process in leases. */
  owner: string;
  /** `podTemplate` of the run's object. */
  podOf: (runId: string) => Record<string, unknown> | undefined;
  startTimeoutMs?: number | undefined;
  /** How often the pod of one attempt of a step may be lost and made again. */
  infrastructureRetries: InfrastructureRetries;
  onFault: (what: string, error: unknown) => void;
}

const LEASE_MS = 15_000;
const INTERVAL_MS = 5_000;
const CONCURRENCY = 16;
const LINGER_MS = 60_000;

/** Steps of the executor `k8s_job` as Jobs: makes those that run workers ask for, and tells how those ended that could not. */
export class StepBackend {
  readonly #o: StepBackendOptions;
  readonly #supervisor: Supervisor;
  readonly #story: Story;
  readonly #closed = new AbortController();

  constructor(options: StepBackendOptions) {
    this.#o = options;
    this.#story = new Story(options.storage, options.onFault);
    this.#supervisor = new Supervisor({
      cache: options.cache,
      component: STEP_WORKER,
      startTimeoutMs: options.startTimeoutMs ?? 300_000,
      onNews: (view, { level, text, metadata }) => {
        const key = stepOf(view);
        if (key && text) this.#story.tell(key.runId, level, text, metadata, key.stepKey);
      },
      onEnd: (view, end) => void this.#ended(view, end),
      onAbandoned: (pod) => forgetPod(options.client, pod, options.onFault),
    });
  }

  /** Makes Jobs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { storage, owner, onFault } = this.#o;
    const wake = new Wake();
    const unsubscribe = storage.subscribe("compute", () => wake.up());
    try {
      while (!signal.aborted) {
        let claimed: ClaimedStep[] = [];
        try {
          claimed = await storage.steps.claim(owner, CONCURRENCY, LEASE_MS);
        } catch (error) {
          onFault("steps cannot be claimed", error);
        }
        await Promise.all(claimed.map((step) => this.#launch(step)));
        if (claimed.length === 0) await wake.wait(systemClock, INTERVAL_MS, signal);
      }
    } finally {
      unsubscribe();
      this.#closed.abort();
      this.#supervisor.close();
      await this.#story.settle();
    }
  }

  /**
   * The run's worker is gone: its steps would only go on for nobody. Those that have reported their result may end by
   * themselves, with their pod's log kept; one that does not, for whatever its code left open, is ended after `LINGER_MS`.
   */
  async stop(runId: string): Promise<void> {
    const running = this.#o.cache.ofRun(runId).flatMap((view) => {
      const key = view.job && !this.#supervisor.hasEnded(view.key) && stepOf(view);
      return key ? [{ view, reported: this.#reported(key) }] : [];
    });
    await Promise.all(
      running.map(async ({ view, reported }) => {
        if (await reported) await systemClock.sleep(LINGER_MS, this.#closed.signal);
        if (this.#closed.signal.aborted || this.#supervisor.hasEnded(view.key)) return;
        this.#supervisor.deleting(view.key);
        const { namespace, name } = splitKey(view.key);
        await this.#o.client.delete(JOB, namespace, name);
      }),
    );
  }

  /** Also true where storage cannot say. */
  #reported(key: StepLaunchKey): Promise<boolean> {
    return this.#o.storage.steps.get(key).then(
      (step) => !!step?.result,
      () => true,
    );
  }

  async #launch(step: ClaimedStep): Promise<void> {
    const { client, storage, onFault } = this.#o;
    try {
      const worker = await this.#worker(step);
      try {
        await client.create(JOB, workerJob(worker));
        const text = `Job ${worker.namespace}/${worker.name} was created for step ${step.stepKey}`;
        this.#story.tell(step.runId, "INFO", text, { "Kubernetes Job": worker.name }, step.stepKey);
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
      await storage.steps.started(step.id);
    } catch (error) {
      onFault(`step ${step.stepKey} of run ${step.runId} cannot be started`, error);
      // Anything else may pass: the claim runs out, and the step is claimed again.
      if (error instanceof InvalidInput || error instanceof NotFound || isRefusal(error))
        await this.#finish(step, failure(`its Job cannot be made: ${(error as Error).message}`, false));
    }
  }

  async #worker(step: ClaimedStep): Promise<WorkerJob> {
    const { client, storage, locations, cache, launcher, url } = this.#o;
    const { runId, attempt, stepKey, stepAttempt, op } = step;
    const [run, row] = await Promise.all([storage.runs.get(runId), locations.last(step.location)]);
    if (!run) throw new NotFound("run", runId);
    if (!row) throw new NotFound("code location", step.location);
    const executor = executorConfig(run.runConfig);
    const perStep = isObject(executor.per_step_k8s_config) ? executor.per_step_k8s_config[op] : undefined;
    const own = cache.ofRun(runId).find(({ job }) => job?.metadata.labels?.[LABEL.component] === RUN_WORKER);
    const owner: OwnerReference =
      own?.job?.metadata.ownerReferences?.[0] ?? ownerOf(await ensureRunObject(client, run, row));
    return {
      name: stepJobName(runId, attempt, stepKey, stepAttempt),
      secret: runJobName(runId, attempt),
      namespace: row.namespace,
      installation: this.#o.installation,
      runId,
      attempt,
      job: run.job,
      location: step.location,
      step: { key: stepKey, attempt: stepAttempt },
      image: String(executor.job_image ?? step.codeVersion ?? row.image ?? ""),
      code: row.template.code,
      config: stepK8sConfig({
        launcher,
        location: podConfig(row, run.job, this.#o.podOf(runId)),
        executor: readContainerContext(executor, "step_k8s_config"),
        opTags: step.tags,
        perStep: readK8sConfig(perStep ?? {}, `per_step_k8s_config.${op}`),
      }),
      tags: run.tags,
      owner,
      url,
      env: {
        ...jobEnvironment(row, run.job),
        [WORKER_ENV.stepKey]: stepKey,
        [WORKER_ENV.stepAttempt]: String(stepAttempt),
      },
    };
  }

  async #ended(view: WorkerView, end: WorkerEnd): Promise<void> {
    const key = stepOf(view);
    if (!key) return;
    const { client, storage, onFault } = this.#o;
    const over = await storage.runs.get(key.runId).catch(() => null);
    const canceled = over !== null && (over.status === "CANCELING" || isEnded(over.status));
    const text =
      end.reason === "completed"
        ? `${end.message} without reporting its result`
        : `${end.cause}: ${end.message}`;
    if (!canceled && end.reason === "lost" && (await this.#again(key, view, end))) return;
    const result: StepResult = canceled ? { kind: "canceled" } : failure(text, true);
    // Where the step has reported a result, that one counts.
    if ((await this.#finish(key, result)) && !canceled)
      this.#story.tell(
        key.runId,
        "ERROR",
        `The worker of step ${key.stepKey} ended: ${text}`,
        { reason: end.cause },
        key.stepKey,
      );
    if (end.reason !== "start_failed") return;
    const { namespace, name } = splitKey(view.key);
    await client
      .delete(JOB, namespace, name)
      .catch((error) => onFault(`Job ${view.key}, whose worker did not start, cannot be removed`, error));
  }

  /** Makes the Job of a lost pod once more. False: its budget is used up, or the Job itself is gone, and with it what it was. */
  async #again(key: StepLaunchKey, view: WorkerView, end: WorkerEnd): Promise<boolean> {
    const { client, storage, cache, infrastructureRetries, onFault } = this.#o;
    const retry = retryOf(view) + 1;
    const { namespace, name } = splitKey(view.key);
    for (let wait = 500; !this.#closed.signal.aborted; wait = Math.min(wait * 2, 10_000)) {
      try {
        // It had ended before its pod went, or a leader before this one has made it again.
        if ((await storage.steps.get(key))?.result) return true;
        if (cache.ofRun(key.runId).some((other) => isSame(stepOf(other), key) && retryOf(other) >= retry))
          return true;
        const run = await storage.runs.get(key.runId);
        const max = run === null ? 0 : await infrastructureRetries(run);
        const job = retry > max ? null : await client.find(JOB, namespace, name);
        if (!job || job.metadata.deletionTimestamp) return false;
        const again = stepJobAgain(job, retry);
        await client.create(JOB, again);
        const text = `${end.cause}: ${end.message}. Job ${namespace}/${again.metadata.name} was created to do step ${key.stepKey} again (infrastructure retry ${retry} of at most ${max})`;
        this.#story.tell(key.runId, "WARNING", text, { reason: end.cause }, key.stepKey);
        return true;
      } catch (error) {
        if (isConflict(error)) return true;
        if (isRefusal(error)) return false;
        onFault(`step ${key.stepKey} of run ${key.runId} cannot be started again`, error);
        await systemClock.sleep(wait, this.#closed.signal);
      }
    }
    return true;
  }

  /** Tries until storage answers: nobody else tells it. */
  async #finish(key: StepLaunchKey, result: StepResult): Promise<boolean> {
    for (let wait = 500; !this.#closed.signal.aborted; wait = Math.min(wait * 2, 10_000)) {
      try {
        return await this.#o.storage.steps.finish(key, result);
      } catch (error) {
        this.#o.onFault(`the end of step ${key.stepKey} of run ${key.runId} cannot be recorded`, error);
        await systemClock.sleep(wait, this.#closed.signal);
      }
    }
    return false;
  }
}

function executorConfig(runConfig: Record<string, unknown>): Json {
  const execution = isObject(runConfig.execution) ? runConfig.execution.config : undefined;
  const config = isObject(execution) ? execution.k8s_job : undefined;
  return isObject(config) ? config : {};
}

function stepOf({ job, pod }: WorkerView): StepLaunchKey | null {
  const { labels = {}, annotations = {} } = (job ?? pod)?.metadata ?? {};
  const stepKey = annotations[ANNOTATION.stepKey];
  const runId = labels[LABEL.runId];
  if (labels[LABEL.component] !== STEP_WORKER || stepKey === undefined || runId === undefined) return null;
  const stepAttempt = Number(annotations[ANNOTATION.stepAttempt] ?? 1);
  return { runId, attempt: Number(labels[LABEL.attempt] ?? 1), stepKey, stepAttempt };
}

const retryOf = ({ job, pod }: WorkerView): number =>
  Number((job ?? pod)?.metadata.annotations?.[ANNOTATION.infrastructureRetry] ?? 0);

const isSame = (a: StepLaunchKey | null, b: StepLaunchKey): boolean =>
  a !== null && a.attempt === b.attempt && a.stepKey === b.stepKey && a.stepAttempt === b.stepAttempt;

const failure = (message: string, retryable: boolean): StepResult => ({
  kind: "failure",
  error: { name: "WorkerExit", message },
  retryable,
});

/** The API server does not take the Job, and will not. */
const isRefusal = (error: unknown): boolean =>
  error instanceof KubeError && error.status >= 400 && error.status < 500 && error.status !== 429;
