import { systemClock } from "@dagster-operator/engine";
import type { CodeLocationObject } from "../code-location/decide.ts";
import { locationName } from "../code-location/names.ts";
import { reconcileMirrors } from "../code-location/reconcile-mirrors.ts";
import type { MakePart, PartContext } from "../compose.ts";
import { reconcileJob } from "../job/reconcile.ts";
import { type KubeObject, keyOf } from "../kube/object.ts";
import { CODE_LOCATION } from "../kube/resources.ts";
import { Controller, type ReconcileResult } from "../runtime/controller.ts";
import type { Informers } from "../runtime/informers.ts";
import { SCHEDULES } from "../schedule/reconcile.ts";
import { SENSORS } from "../sensor/reconcile.ts";
import { ClaimIndex, type DefinitionCaches, statusOnly } from "./claim-index.ts";
import type { Claim } from "./claims.ts";
import { Instigators } from "./instigators.ts";
import {
  type DefinitionKind,
  type JobObject,
  RESOURCES,
  type ScheduleObject,
  type SensorObject,
} from "./objects.ts";
import { type Holding, reconcileInstigator } from "./reconcile-instigator.ts";
import { Teller } from "./teller.ts";

/** Runs and ticks that come together are looked at once (ms). */
const GATHER_MS = 500;
/** What runs do is told by their own objects at once; their Job's is written so often at most (ms). */
const RUNS_MS = 2_000;

export const definitionCaches = (context: PartContext): DefinitionCaches => ({
  Job: context.informers<JobObject>({ resource: RESOURCES.Job }),
  Schedule: context.informers<ScheduleObject>({ resource: RESOURCES.Schedule }),
  Sensor: context.informers<SensorObject>({ resource: RESOURCES.Sensor }),
});

/** Jobs, Schedules and Sensors: those of people and the mirrors of the code's, in their status and in their switches. */
export const definitionsPart = (): MakePart => (context) => {
  const { client, storage, workspace, recorder, namespace: home, metrics, log } = context;
  const locations = context.informers<CodeLocationObject>({ resource: CODE_LOCATION });
  const caches = definitionCaches(context);
  const index = new ClaimIndex(caches);
  const teller = new Teller(client, recorder);
  const instigators = new Instigators(storage);
  const holding: Holding = new Map();
  const setting = {
    locations,
    caches,
    index,
    storage,
    workspace,
    teller,
    home,
    now: Date.now,
    instigators,
    holding,
  };

  const controllerOf = (name: string, reconcile: (key: string) => Promise<ReconcileResult>) =>
    new Controller({
      name,
      reconcile,
      metrics,
      onError: (key, error) => log.error({ error, [name]: key }, `a ${name} could not be reconciled`),
    });
  const controllers: Record<DefinitionKind | "Mirror", Controller> = {
    Job: controllerOf("job", (key) => reconcileJob(setting, key)),
    Schedule: controllerOf("schedule", (key) => reconcileInstigator(setting, SCHEDULES, key)),
    Sensor: controllerOf("sensor", (key) => reconcileInstigator(setting, SENSORS, key)),
    Mirror: controllerOf("mirror", (key) =>
      reconcileMirrors({ client, locations, caches, index, workspace, home }, key),
    ),
  };

  locations.onChange((object, before) => {
    const known = object ?? before;
    if (known && !statusOnly(object, before)) {
      controllers.Mirror.queue.add(keyOf(known));
      wakeLocation(keyOf(known));
    }
  });
  for (const kind of Object.keys(RESOURCES) as DefinitionKind[])
    (caches[kind] as unknown as Informers<KubeObject>).onChange((object, before) => {
      const known = object ?? before;
      if (!known || statusOnly(object, before)) return;
      if (object === null) teller.forget(known.metadata.uid ?? "");
      controllers[kind].queue.add(keyOf(known));
      for (const each of [object, before])
        for (const name of each ? index.locationsOf(each) : []) {
          const key = `${known.metadata.namespace}/${name}`;
          controllers.Mirror.queue.add(key);
          // One object's name may free or take another's.
          if (each?.metadata.generation !== 1 || object === null) wakeLocation(key);
        }
    });

  /** All objects that are about this CodeLocation. */
  function wakeLocation(key: string): void {
    const [namespace = "", name] = key.split("/");
    for (const claim of index.claims(namespace))
      if (claim.codeLocation === name || claim.codeLocation === null)
        controllers[claim.kind].queue.add(keyOf(claim.object));
  }
  const everyClaim = (): Claim[] => {
    const namespaces = new Set(
      (Object.values(caches) as Informers<KubeObject>[]).flatMap((cache) =>
        cache.list().map(({ metadata }) => metadata.namespace ?? ""),
      ),
    );
    return [...namespaces].flatMap((namespace) => [...index.claims(namespace)]);
  };
  const pageName = (claim: Claim): string =>
    locationName({ name: claim.codeLocation ?? "", namespace: claim.object.metadata.namespace ?? "" }, home);

  async function followTicks(signal: AbortSignal): Promise<void> {
    await gathering("tick", signal, async () => {
      const changed = await instigators.refresh();
      const ids = new Set(changed.map(({ kind, location, name }) => `${kind} ${location} ${name}`));
      for (const claim of everyClaim()) {
        if (claim.kind === "Job") continue;
        const { definition } = caches[claim.kind].get(keyOf(claim.object))?.status ?? {};
        const kind = claim.kind === "Schedule" ? "SCHEDULE" : "SENSOR";
        if (ids.has(`${kind} ${pageName(claim)} ${definition ?? claim.name}`))
          controllers[claim.kind].queue.add(keyOf(claim.object));
      }
    });
  }

  async function followRuns(signal: AbortSignal): Promise<void> {
    const statuses = new Map<string, string>();
    await gathering("run", signal, async (ids) => {
      const runs = ids.has("") ? [] : await storage.runs.list({ runIds: [...ids] }, { limit: ids.size });
      const changed = runs.filter(({ runId, status }) => statuses.get(runId) !== status);
      for (const { runId, status, endedAt } of changed) {
        if (endedAt === null) statuses.set(runId, status);
        else statuses.delete(runId);
      }
      const jobs = new Set(changed.map(({ location, job }) => `${location} ${job}`));
      for (const claim of everyClaim())
        if (claim.kind === "Job" && (ids.has("") || jobs.has(`${pageName(claim)} ${claim.name}`)))
          controllers.Job.queue.addAfter(keyOf(claim.object), RUNS_MS);
    });
  }

  /** Works on what woke a channel, some of it at a time, until `signal` aborts. */
  async function gathering(
    channel: "run" | "tick",
    signal: AbortSignal,
    work: (ids: ReadonlySet<string>) => Promise<void>,
  ): Promise<void> {
    let ids = new Set<string>();
    const unsubscribe = storage.subscribe(channel, (id) => void ids.add(id));
    try {
      while (!signal.aborted) {
        await systemClock.sleep(GATHER_MS, signal);
        if (ids.size === 0 || signal.aborted) continue;
        const now = ids;
        ids = new Set();
        await work(now).catch((error: unknown) => {
          for (const id of now) ids.add(id);
          log.warn({ error, channel }, "objects could not be told what happened; it is tried again");
        });
      }
    } finally {
      unsubscribe();
    }
  }

  return {
    controllers: Object.values(controllers),
    lead: async (signal) => {
      const unsubscribe = workspace.subscribe(({ name }) => {
        for (const { metadata } of locations.list())
          if (locationName({ name: metadata.name, namespace: metadata.namespace ?? "" }, home) === name) {
            const key = `${metadata.namespace}/${metadata.name}`;
            controllers.Mirror.queue.add(key);
            wakeLocation(key);
          }
      });
      try {
        await Promise.all([followTicks(signal), followRuns(signal)]);
      } finally {
        unsubscribe();
      }
    },
  };
};
