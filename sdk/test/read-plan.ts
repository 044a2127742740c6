import { type Plan, PlanError, planRun, type RunTarget } from "../src/execution/plan.ts";
import { ASSET_JOB, type DefinitionsSnapshot } from "../src/model/definitions.ts";

/** Steps, each with the steps that it waits for. */
export const edges = (plan: Plan) => Object.fromEntries(plan.steps.map((step) => [step.key, step.upstream]));
/** @throws when the plan has none of this key */
export const step = (plan: Plan, key: string) => {
  const found = [...plan.steps, ...plan.stored].find((s) => s.key === key);
  if (!found) throw new Error(`no step ${key} in ${plan.steps.map((s) => s.key).join()}`);
  return found;
};
/** What the plan materializes. */
export const assets = (plan: Plan) =>
  plan.steps.flatMap((s) => s.outputs.flatMap((o) => (o.asset ? [o.asset.join("/")] : [])));
/** Why it cannot be planned; none when it can. */
export const problems = (defs: DefinitionsSnapshot, target: Partial<RunTarget>) => {
  try {
    planRun(defs, { job: ASSET_JOB, ...target });
  } catch (error) {
    if (error instanceof PlanError) return error.problems;
    throw error;
  }
  return [];
};
