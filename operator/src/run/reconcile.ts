import {
  type CodeLocationRow,
  InvalidInput,
  isEnded,
  NotFound,
  type RunRecord,
  type Storage,
  type SubmitDeps,
  submitRun,
  Unavailable,
  type Workspace,
} from "@dagster-operator/engine";
import { namedTarget } from "../definitions/request-target.ts";
import { isConflict, isNotFound, type KubeClient, KubeError } from "../kube/client.ts";
import { RUN } from "../kube/resources.ts";
import type { ReconcileResult } from "../runtime/controller.ts";
import type { EventRecorder } from "../runtime/event-recorder.ts";
import { hold, release } from "../runtime/finalizer.ts";
import { refused, runStatus, type Ttl, timeToLive, type WorkerCause } from "./decide.ts";
import { LABEL } from "./job-template.ts";
import { FINALIZER, type RunObject, type RunStatusFields } from "./run-objects.ts";
import { submitRequest } from "./submit.ts";

export interface RunReconcilerOptions {
  client: KubeClient;
  storage: Storage;
  workspace: Workspace;
  recorder: EventRecorder;
  /** The operator's namespace. */
  home: string;
  objects: { get(key: string): RunObject | undefined };
  /** What is known of a run's worker. */
  workerOf: (runId: string) => WorkerCause | null;
  ttl: Ttl;
  now: () => number;
  newId: () => string;
}

/** Wake-ups of storage may be lost. */
const LOOK_AGAIN_MS = 30_000;
/** A code location that is not there yet may come. */
const WAIT_MS = 3_000;

/** Brings a Run object and its run together: each is told what the other became. */
export class RunReconciler {
  readonly #o: RunReconcilerOptions;

  constructor(options: RunReconcilerOptions) {
    this.#o = options;
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const object = this.#o.objects.get(key);
    if (!object) return undefined;
    const runId = runIdOf(object);
    if (object.metadata.deletionTimestamp) return this.#finalize(object, runId);
    if (runId === null) return this.#submit(object);
    const run = await this.#o.storage.runs.get(runId);
    // Deleted in the page, or of an installation whose database is gone: nothing is left that it could tell of.
    if (!run) return this.#remove(object);
    return this.#follow(object, run);
  }

  async #submit(object: RunObject): Promise<ReconcileResult> {
    const { client, storage, workspace, recorder, home, now, newId } = this.#o;
    const { generation, name, namespace } = object.metadata;
    const { status } = object;
    if (status?.reason === "Invalid" && status.observedGeneration === generation) return undefined;
    if (object.spec.cancel)
      return this.#refuse(object, "Canceled", "it was canceled before it was submitted");
    const deps: SubmitDeps = { storage, workspace, now, newId };
    try {
      const request = await submitRequest(object, { client, workspace, home });
      // The finalizer first: an object that goes must not leave a run behind.
      const held = await hold(this.#o.client, RUN, object, FINALIZER);
      const { runId } = await submitRun(deps, request);
      const labelled = await client.merge<RunObject>(RUN, namespace, name, {
        metadata: { labels: { [LABEL.runId]: runId } },
      });
      await recorder.record(held, "Normal", "Submitted", `Submitted as run ${runId}`);
      const run = await storage.runs.get(runId);
      return run
        ? this.#follow({ ...labelled, kind: RUN.kind, apiVersion: RUN.apiVersion }, run)
        : { requeueAfterMs: WAIT_MS };
    } catch (error) {
      if (error instanceof InvalidInput) return this.#refuse(object, "Invalid", error.message);
      const waits = error instanceof NotFound || error instanceof Unavailable || isNotFound(error);
      if (!waits) throw error;
      const message = error instanceof Error ? error.message : String(error);
      await this.#refuse(
        object,
        error instanceof Unavailable ? "CodeLocationUnavailable" : "NotFound",
        `${message}; the run waits for it`,
      );
      return { requeueAfterMs: WAIT_MS };
    }
  }

  async #follow(object: RunObject, run: RunRecord): Promise<ReconcileResult> {
    const { storage, workerOf, ttl, now } = this.#o;
    if (object.spec.cancel && !isEnded(run.status) && run.status !== "CANCELING") {
      await storage.runs.cancel(run.runId, { reason: `spec.cancel of Run ${object.metadata.name}` });
      return this.#follow(object, { ...run, ...(await storage.runs.get(run.runId)) });
    }
    // An ended run has nothing that must wait for an operator, which may itself be gone by then.
    if (isEnded(run.status)) await release(this.#o.client, RUN, object, FINALIZER);
    await this.#tell(object, runStatus(object, run, workerOf(run.runId), new Date(now()).toISOString()));
    if (!isEnded(run.status)) return { requeueAfterMs: LOOK_AGAIN_MS };
    const row: CodeLocationRow | null = await storage.locations.get(run.location);
    const left = timeToLive(run, row, ttl, now());
    if (left === 0) return this.#remove(object);
    return { requeueAfterMs: left === null ? LOOK_AGAIN_MS : Math.min(left, 24 * 3600 * 1000) };
  }

  /** A Run object that is being deleted takes its run with it: canceled first, and gone when it has ended. */
  async #finalize(object: RunObject, runId: string | null): Promise<ReconcileResult> {
    const { storage } = this.#o;
    const run = runId === null ? null : await storage.runs.get(runId);
    if (run && !isEnded(run.status)) {
      if (run.status !== "CANCELING")
        await storage.runs.cancel(run.runId, { reason: `Run ${object.metadata.name} was deleted` });
      const after = await storage.runs.get(run.runId);
      if (after && !isEnded(after.status)) return { requeueAfterMs: 2_000 };
    }
    await release(this.#o.client, RUN, object, FINALIZER);
    return undefined;
  }

  async #remove({ metadata }: RunObject): Promise<undefined> {
    const { name, namespace, uid } = metadata;
    await this.#o.client.delete(RUN, namespace, name, { ...(uid !== undefined && { uid }) });
  }

  async #refuse(object: RunObject, reason: string, message: string): Promise<undefined> {
    const before = object.status;
    const target = namedTarget(object, this.#o.home);
    await this.#tell(object, refused(object, target, reason, message, new Date(this.#o.now()).toISOString()));
    if (before?.reason !== reason || before.message !== message.slice(0, 1024))
      await this.#o.recorder.record(named(object), "Warning", reason, message);
  }

  async #tell(object: RunObject, status: RunStatusFields): Promise<void> {
    const before = object.status;
    if (JSON.stringify(sorted(before)) === JSON.stringify(sorted(status))) return;
    const { name, namespace } = object.metadata;
    try {
      await this.#o.client.merge(RUN, namespace, name, { status }, "status");
    } catch (error) {
      if (error instanceof KubeError && (isNotFound(error) || isConflict(error))) return;
      throw error;
    }
    // One that never became a run has its own event.
    if (before?.phase === status.phase || !status.phase || status.runId === undefined) return;
    const event = EVENTS[status.phase];
    if (event) await this.#o.recorder.record(named(object), event[0], event[1], status.message || event[1]);
  }
}

const EVENTS: Record<string, ["Normal" | "Warning", string]> = {
  STARTED: ["Normal", "Started"],
  SUCCESS: ["Normal", "Succeeded"],
  FAILURE: ["Warning", "Failed"],
  CANCELED: ["Normal", "Canceled"],
};

export const runIdOf = (object: RunObject): string | null =>
  object.status?.runId ?? object.metadata.labels?.[LABEL.runId] ?? null;

/** Lists leave out what kind their items are. */
const named = (object: RunObject): RunObject => ({ ...object, apiVersion: RUN.apiVersion, kind: RUN.kind });

function sorted(status: object | undefined): unknown {
  return status && Object.entries(status).sort(([a], [b]) => (a < b ? -1 : 1));
}
