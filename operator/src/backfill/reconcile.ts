import {
  type BackfillRecord,
  InvalidInput,
  NotFound,
  type Storage,
  submitBackfill,
  Unavailable,
  type Workspace,
} from "@dagster-operator/engine";
import { namedTarget } from "../definitions/request-target.ts";
import { isNotFound, type KubeClient } from "../kube/client.ts";
import { BACKFILL } from "../kube/resources.ts";
import type { ReconcileResult } from "../runtime/controller.ts";
import type { EventRecorder } from "../runtime/event-recorder.ts";
import { hold, release } from "../runtime/finalizer.ts";
import { sameJson } from "../runtime/same-json.ts";
import type { BackfillObject } from "./backfill-object.ts";
import { backfillStatus, isOver, type Refusal, refused } from "./decide.ts";
import { backfillRequest } from "./submit.ts";

export interface BackfillReconcilerOptions {
  client: KubeClient;
  storage: Storage;
  workspace: Workspace;
  recorder: EventRecorder;
  /** The operator's namespace. */
  home: string;
  objects: { get(key: string): BackfillObject | undefined };
  now: () => number;
  newId: () => string;
}

/** Keeps a Backfill object until its backfill has ended. */
const FINALIZER = "dagster-operator.io/backfill";
const LOOK_AGAIN_MS = 30_000;
const WAIT_MS = 3_000;

/** Brings a Backfill object and its backfill together. */
export class BackfillReconciler {
  readonly #o: BackfillReconcilerOptions;

  constructor(options: BackfillReconcilerOptions) {
    this.#o = options;
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const object = this.#o.objects.get(key);
    if (!object) return undefined;
    const id = object.status?.backfillId;
    if (object.metadata.deletionTimestamp) return this.#finalize(object, id);
    if (id === undefined) return this.#submit(object);
    const backfill = await this.#o.storage.backfills.get(id);
    // Of an installation whose database is gone: there is nothing to tell.
    return backfill ? this.#follow(object, backfill) : undefined;
  }

  async #submit(object: BackfillObject): Promise<ReconcileResult> {
    const { client, storage, workspace, home, now, newId, recorder } = this.#o;
    const { status, metadata } = object;
    const told = status?.conditions?.find(({ type }) => type === "Submitted");
    if (told?.reason === "Invalid" && told.observedGeneration === metadata.generation) return undefined;
    if (object.spec.cancel)
      return this.#refuse(object, "Canceled", "it was canceled before it was submitted");
    try {
      const request = await backfillRequest(object, { client, workspace, home });
      // The finalizer first: an object that goes must not leave a backfill behind.
      const held = await hold(client, BACKFILL, object, FINALIZER);
      const { backfillId } = await submitBackfill({ storage, workspace, now, newId }, request);
      await recorder.record(named(held), "Normal", "Submitted", `Submitted as backfill ${backfillId}`);
      const backfill = await storage.backfills.get(backfillId);
      return backfill ? this.#follow(held, backfill) : { requeueAfterMs: WAIT_MS };
    } catch (error) {
      if (error instanceof InvalidInput) return this.#refuse(object, "Invalid", error.message);
      const waits = error instanceof NotFound || error instanceof Unavailable || isNotFound(error);
      if (!waits) throw error;
      const reason = error instanceof Unavailable ? "CodeLocationUnavailable" : "NotFound";
      await this.#refuse(object, reason, (error as Error).message);
      return { requeueAfterMs: WAIT_MS };
    }
  }

  async #follow(object: BackfillObject, backfill: BackfillRecord): Promise<ReconcileResult> {
    const { storage, client, now } = this.#o;
    const { backfillId } = backfill;
    if (object.spec.cancel && (backfill.status === "REQUESTED" || backfill.status === "FAILED")) {
      await storage.backfills.cancel(backfillId);
      const after = await storage.backfills.get(backfillId);
      if (after) return this.#follow(object, after);
    }
    const over = isOver(backfill.status);
    // What has ended has nothing that must wait for an operator.
    if (over) await release(client, BACKFILL, object, FINALIZER);
    await this.#tell(object, backfillStatus(object, backfill, new Date(now()).toISOString()));
    return over ? undefined : { requeueAfterMs: LOOK_AGAIN_MS };
  }

  /** One that is being deleted takes its backfill with it: canceled first, and gone when that has ended. */
  async #finalize(object: BackfillObject, id: string | undefined): Promise<ReconcileResult> {
    const { storage, client } = this.#o;
    const backfill = id === undefined ? null : await storage.backfills.get(id);
    if (backfill && !isOver(backfill.status)) {
      if (backfill.status !== "CANCELING") await storage.backfills.cancel(backfill.backfillId);
      await this.#tell(object, backfillStatus(object, backfill, new Date(this.#o.now()).toISOString()));
      return { requeueAfterMs: 2_000 };
    }
    await release(client, BACKFILL, object, FINALIZER);
    return undefined;
  }

  async #refuse(object: BackfillObject, reason: Refusal, message: string): Promise<undefined> {
    const target = namedTarget(object, this.#o.home);
    await this.#tell(object, refused(object, target, reason, message, new Date(this.#o.now()).toISOString()));
  }

  async #tell(object: BackfillObject, status: NonNullable<BackfillObject["status"]>): Promise<void> {
    const before = object.status;
    if (sameJson(before, status)) return;
    const { name, namespace = "" } = object.metadata;
    try {
      await this.#o.client.applyStatus(BACKFILL, { metadata: { name, namespace }, status });
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
    for (const condition of status.conditions ?? []) {
      const old = before?.conditions?.find(({ type }) => type === condition.type);
      if (old?.reason === condition.reason || QUIET.has(condition.reason)) continue;
      const type = condition.status === "False" && condition.reason !== "Canceled" ? "Warning" : "Normal";
      await this.#o.recorder.record(
        named(object),
        type,
        condition.reason,
        condition.message || condition.reason,
      );
    }
  }
}

/** Told by themselves when it is submitted. */
const QUIET = new Set(["Submitted", "InProgress"]);

/** Lists leave out what kind their items are. */
const named = (object: BackfillObject): BackfillObject => ({ ...object, ...BACKFILL });
