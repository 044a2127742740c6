import { randomBytes, randomUUID } from "node:crypto";
import { runComputeLoop, systemClock } from "@dagster-operator/engine";
import type { MakePart } from "../compose.ts";
import { type KubeObject, keyOf } from "../kube/object.ts";
import { POD, type Pod, RUN } from "../kube/resources.ts";
import { Controller } from "../runtime/controller.ts";
import type { Ttl } from "./decide.ts";
import { infrastructureRetries } from "./infrastructure-retries.ts";
import { JOB } from "./job-template.ts";
import { KnownLocations } from "./known-locations.ts";
import { KubernetesBackend } from "./kubernetes-backend.ts";
import type { K8sConfig } from "./merge/k8s-config.ts";
import { RunReconciler, runIdOf } from "./reconcile.ts";
import type { RunObject } from "./run-objects.ts";
import { StepBackend } from "./step-backend.ts";
import { sweepOrphans } from "./sweep.ts";
import { type BatchJob, trimJob, trimPod, WORKER_SELECTOR, WorkerCache } from "./worker-cache.ts";

export interface RunPartOptions {
  /** Base of the run API as pods reach it. */
  runApiUrl: string;
  /** Settings of the installation for all runs. */
  launcher: K8sConfig;
  ttl?: Ttl | undefined;
  /** See infrastructure-retries.ts. Default 3. */
  infrastructureRetries?: number | undefined;
  startTimeoutMs?: number | undefined;
  /** How often a run whose worker is gone goes on with a new one. Default 0. */
  maxResumeAttempts?: number | undefined;
}

const TTL: Ttl = { success: 3600, failure: 24 * 3600 };
/** Steps that end together are one write to the API server. */
const GATHER_MS = 500;
const SWEEP_MS = 10 * 60_000;

/** Runs: their objects, the compute backend, and the loop between it and storage. */
export const runPart =
  (options: RunPartOptions): MakePart =>
  (context) => {
    const {
      client,
      storage,
      workspace,
      recorder,
      namespace: home,
      metrics,
      log,
      identity,
      installation,
    } = context;
    const retries = infrastructureRetries(storage, options.infrastructureRetries ?? 3);
    const objects = context.informers<RunObject>({ resource: RUN });
    const jobs = context.informers<BatchJob>({
      resource: JOB,
      labelSelector: WORKER_SELECTOR,
      trim: trimJob,
    });
    const pods = context.informers<Pod>({ resource: POD, labelSelector: WORKER_SELECTOR, trim: trimPod });
    const cache = new WorkerCache(jobs, pods, installation);
    const onFault = (what: string, error: unknown) => log.error({ error }, what);
    // Made when this process leads: a standby only fills its caches.
    let backend: KubernetesBackend | null = null;
    const reconciler = new RunReconciler({
      client,
      storage,
      workspace,
      recorder,
      home,
      objects,
      workerOf: (runId) => backend?.workerOf(runId) ?? null,
      ttl: options.ttl ?? TTL,
      now: Date.now,
      newId: randomUUID,
    });
    const controller = new Controller({
      name: "run",
      reconcile: (key) => reconciler.reconcile(key),
      workers: 8,
      metrics,
      onError: (key, error) => log.error({ error, run: key }, "a Run cannot be reconciled"),
    });
    const keys = new Map<string, string>();
    objects.onChange((object, before) => {
      const known = object ?? before;
      if (!known) return;
      const key = keyOf(known);
      const runId = runIdOf(known);
      if (runId && object) keys.set(runId, key);
      else if (runId) keys.delete(runId);
      if (object && seenBySelf(object, before)) return;
      controller.queue.add(key);
    });
    function wake(runId: string, ms: number): void {
      const key = keys.get(runId);
      if (key) controller.queue.addAfter(key, ms);
    }
    return {
      controllers: [controller],
      lead: async (signal) => {
        const locations = new KnownLocations(storage);
        const steps = new StepBackend({
          client,
          storage,
          locations,
          cache,
          installation,
          infrastructureRetries: retries,
          launcher: options.launcher,
          url: options.runApiUrl,
          owner: identity,
          podOf: (runId) => objects.get(keys.get(runId) ?? "")?.spec.podTemplate,
          startTimeoutMs: options.startTimeoutMs,
          onFault,
        });
        const own = new KubernetesBackend({
          client,
          storage,
          locations,
          cache,
          installation,
          launcher: options.launcher,
          startTimeoutMs: options.startTimeoutMs,
          onFault,
          onRunEnd: (runId) =>
            void steps
              .stop(runId)
              .catch((error) => onFault(`steps of run ${runId} cannot be stopped`, error)),
          onWorker: (runId) => wake(runId, 0),
        });
        backend = own;
        const unsubscribe = storage.subscribe("run", (runId) => {
          if (runId) return wake(runId, GATHER_MS);
          for (const id of keys.keys()) wake(id, GATHER_MS);
        });
        const tokenSecret = await storage.setting("token_secret", () => randomBytes(32).toString("hex"));
        try {
          await Promise.all([
            runComputeLoop({
              storage,
              backend: own,
              url: options.runApiUrl,
              tokenSecret,
              owner: identity,
              clock: systemClock,
              signal,
              maxResumeAttempts: options.maxResumeAttempts ?? 0,
              onFault,
              infrastructureRetries: retries,
            }),
            steps.run(signal),
            sweep(signal),
          ]);
        } finally {
          unsubscribe();
          await own.close();
        }
      },
    };

    async function sweep(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        const hasObject = (runId: string) => keys.has(runId);
        await sweepOrphans({ client, storage, cache, installation, hasObject }).catch((error) =>
          onFault("orphans could not be swept", error),
        );
        await systemClock.sleep(SWEEP_MS, signal);
      }
    }
  };

/** A change of status alone is our own writing: what it tells of was looked at when it was written. */
function seenBySelf(object: RunObject, before: KubeObject | null): boolean {
  return (
    before !== null &&
    before.metadata.uid === object.metadata.uid &&
    before.metadata.generation === object.metadata.generation &&
    before.metadata.deletionTimestamp === object.metadata.deletionTimestamp &&
    runIdOf(before as RunObject) === runIdOf(object)
  );
}
