import { randomUUID } from "node:crypto";
import type { MakePart } from "../compose.ts";
import { statusOnly } from "../definitions/claim-index.ts";
import { keyOf } from "../kube/object.ts";
import { BACKFILL } from "../kube/resources.ts";
import { Controller } from "../runtime/controller.ts";
import type { BackfillObject } from "./backfill-object.ts";
import { BackfillReconciler } from "./reconcile.ts";

/** Partitions that end together are one write to the API server (ms). */
const GATHER_MS = 1_000;

/** Backfill objects. */
export const backfillPart = (): MakePart => (context) => {
  const { client, storage, workspace, recorder, namespace: home, metrics, log } = context;
  const objects = context.informers<BackfillObject>({ resource: BACKFILL });
  const reconciler = new BackfillReconciler({
    client,
    storage,
    workspace,
    recorder,
    home,
    objects,
    now: Date.now,
    newId: randomUUID,
  });
  const controller = new Controller({
    name: "backfill",
    reconcile: (key) => reconciler.reconcile(key),
    metrics,
    onError: (key, error) => log.error({ error, backfill: key }, "a Backfill could not be reconciled"),
  });
  objects.onChange((object, before) => {
    const known = object ?? before;
    // A status with an id is followed from there; any other change of status is of our own writing.
    const submitted = object?.status?.backfillId !== before?.status?.backfillId;
    if (known && (submitted || !statusOnly(object, before))) controller.queue.add(keyOf(known));
  });
  return {
    controllers: [controller],
    lead: async (signal) => {
      const unsubscribe = storage.subscribe("backfill", (id) => {
        for (const object of objects.list())
          if (id === "" || object.status?.backfillId === id)
            controller.queue.addAfter(keyOf(object), GATHER_MS);
      });
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      unsubscribe();
    },
  };
};
