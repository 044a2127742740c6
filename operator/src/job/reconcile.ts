import { look, RESYNC_MS, type Setting, SOON_MS } from "../definitions/setting.ts";
import type { ReconcileResult } from "../runtime/controller.ts";
import { jobStatus } from "./decide.ts";

/** Tells a Job object whether its job is there, and of its runs. */
export async function reconcileJob(setting: Setting, key: string): Promise<ReconcileResult> {
  const { storage, caches, teller, now } = setting;
  const seen = look(setting, "Job", key);
  const cached = caches.Job.get(key);
  if (!seen || !cached) return undefined;
  const { location, validity } = seen;
  if (validity === null) return { requeueAfterMs: SOON_MS };
  const object = teller.latest(cached);
  const filter = { location, job: validity.definition ?? seen.claim.name };
  const [[lastRun = null], runs] = await Promise.all([
    storage.runs.list(filter, { limit: 1 }),
    storage.runs.count(filter),
  ]);
  const status = jobStatus({ object, validity, location, lastRun, runs, now: new Date(now()).toISOString() });
  await teller.tell("Job", object, status, []);
  return { requeueAfterMs: RESYNC_MS };
}
