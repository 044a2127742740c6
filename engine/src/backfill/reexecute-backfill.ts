/** A new backfill made from an ended one. */
import { InvalidInput, NotFound } from "../errors.ts";
import type { BackfillDetail, BackfillStorage, BackfillTarget } from "../ports/backfill-storage.ts";
import type { SubmitDeps } from "../submit/submit.ts";
import { newBackfillId, type SubmittedBackfill } from "./submit-backfill.ts";

const ENDED = new Set(["CANCELED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED"]);

/**
 * `FROM_FAILURE`: the partitions that were not made. `ALL_STEPS`: all of them again.
 * @throws NotFound · InvalidInput it has not ended, or everything was made
 */
export async function reexecuteBackfill(
  { storage }: { storage: { backfills: BackfillStorage } } & Partial<SubmitDeps>,
  backfillId: string,
  how: { strategy: "FROM_FAILURE" | "ALL_STEPS"; tags?: Record<string, string> | undefined },
): Promise<SubmittedBackfill> {
  const parent = await storage.backfills.get(backfillId);
  if (!parent) throw new NotFound("backfill", backfillId);
  if (!ENDED.has(parent.status))
    throw new InvalidInput(
      `backfill ${backfillId} is ${parent.status}: wait for its end or cancel it, then re-execute it`,
    );
  const targets = how.strategy === "ALL_STEPS" ? parent.targets : notMade(parent);
  if (targets.length === 0)
    throw new InvalidInput(`backfill ${backfillId} made all of its partitions: re-execute all of them`);
  return storage.backfills.submit({
    backfillId: newBackfillId(),
    location: parent.location,
    job: parent.job,
    targets,
    fromFailure: false,
    steps: parent.steps,
    runConfig: parent.runConfig,
    tags: { ...parent.tags, ...how.tags },
    title: parent.title,
    description: parent.description,
    parentId: backfillId,
    idempotencyKey: null,
  });
}

function notMade({ targets, states }: BackfillDetail): BackfillTarget[] {
  return targets.flatMap((target, place) => {
    const state = states[place] ?? "";
    if (target.partitions === null) return state === "D" ? [] : [target];
    const partitions = target.partitions.filter((_, index) => state[index] !== "D");
    return partitions.length > 0 ? [{ ...target, partitions }] : [];
  });
}
