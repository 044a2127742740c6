/** Execution plans: made from the definitions, as the run worker makes them. */
import {
  type Plan,
  PlanError,
  planRun,
  type RunTarget,
  type Step,
  type StepInput,
} from "@dagster-operator/sdk/internal";
import type { LocationIndex } from "../definitions/location-index.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { StepKind } from "./enums.ts";
import { handleOf } from "./event.ts";
import { AssetCheckHandle, AssetKey, type RunModel } from "./refs.ts";

/** What a client sees of a step; a run's own plan says no more of steps that the code no longer has. */
type PlanStep = Pick<Step, "key" | "inputs" | "upstream" | "mapOver"> & {
  outputs: Pick<Step["outputs"][number], "name" | "asset">[];
  checks: Pick<Step["checks"][number], "asset" | "name">[];
};
interface StepModel {
  step: PlanStep;
  plan: PlanModel;
}
interface InputModel extends StepModel {
  name: string;
}
export interface PlanModel {
  __typename: "ExecutionPlan";
  steps: Map<string, PlanStep>;
}
const planModel = (plan: Plan): PlanModel => ({
  __typename: "ExecutionPlan",
  steps: new Map(plan.steps.map((step) => [step.key, step])),
});

/** null when the target can no longer be planned: the code has changed since. */
export function planOf(location: LocationIndex, target: RunTarget): PlanModel | null {
  try {
    return planModel(planRun(location.snapshot, target));
  } catch (error) {
    if (error instanceof PlanError) return null;
    throw error;
  }
}
/** The plan that the run wrote when it started, which stays true when the code changes; before that, one made now. */
export async function planOfRun(ctx: Context, run: RunModel): Promise<PlanModel | null> {
  const location = ctx.index.locations.get(run.location);
  const [record] = await ctx.storage.events.list(run.runId, { types: ["RUN_PLAN"], limit: 1 });
  const now = location
    ? planOf(location, {
        job: run.job,
        assets: run.assets ?? undefined,
        checks: run.checks ?? undefined,
        steps: run.steps ?? undefined,
      })
    : null;
  if (record?.event.type !== "RUN_PLAN") return now;
  const steps = record.event.steps.map((written): [string, PlanStep] => [
    written.key,
    {
      ...(now?.steps.get(written.key) ?? emptyStep(written)),
      upstream: written.upstream,
    },
  ]);
  return { __typename: "ExecutionPlan", steps: new Map(steps) };
}
const emptyStep = (written: { key: string; assets: string[][]; upstream: string[] }): PlanStep => ({
  key: written.key,
  inputs: {},
  upstream: written.upstream,
  outputs: written.assets.map((asset) => ({ name: "result", asset })),
  checks: [],
});

function stepsBehind(input: StepInput): string[] {
  switch (input.kind) {
    case "step":
    case "collect":
      return [input.step];
    case "fan_in":
      return input.sources.flatMap(stepsBehind);
    case "asset":
      return [];
  }
}
/** An ordering without data is an input with no name of its own in Dagster: it is given the upstream step's. */
function inputsOf({ step, plan }: StepModel): InputModel[] {
  const named = Object.keys(step.inputs);
  const behind = new Set(Object.values(step.inputs).flatMap(stepsBehind));
  const ordering = step.upstream.filter((key) => !behind.has(key));
  return [...named, ...ordering].map((name) => ({ name, step, plan }));
}

const ExecutionStep = builder.objectRef<StepModel>("ExecutionStep");
const ExecutionStepInput = builder.objectRef<InputModel>("ExecutionStepInput").implement({
  fields: (t) => ({
    name: t.exposeString("name"),
    dependsOn: t.field({
      type: [ExecutionStep],
      resolve: ({ name, step, plan }) => {
        const input = step.inputs[name];
        const keys = input ? stepsBehind(input) : [name];
        return [...new Set(keys)].flatMap((key) => {
          const upstream = plan.steps.get(key);
          return upstream ? [{ step: upstream, plan }] : [];
        });
      },
    }),
  }),
});
const ExecutionStepOutput = builder
  .objectRef<{ name: string }>("ExecutionStepOutput")
  .implement({ fields: (t) => ({ name: t.exposeString("name") }) });
const MetadataItemDefinition = builder
  .objectRef<{ key: string; value: string }>("MetadataItemDefinition")
  .implement({ fields: (t) => ({ key: t.exposeString("key"), value: t.exposeString("value") }) });
ExecutionStep.implement({
  fields: (t) => ({
    key: t.string({ resolve: ({ step }) => step.key }),
    inputs: t.field({ type: [ExecutionStepInput], resolve: inputsOf }),
    outputs: t.field({ type: [ExecutionStepOutput], resolve: ({ step }) => step.outputs }),
    solidHandleID: t.string({ resolve: ({ step }) => handleOf(step.key) }),
    kind: t.field({
      type: StepKind,
      resolve: ({ step }) =>
        step.mapOver
          ? "UNRESOLVED_MAPPED"
          : Object.values(step.inputs).some((input) => input.kind === "collect")
            ? "UNRESOLVED_COLLECT"
            : "COMPUTE",
    }),
    metadata: t.field({ type: [MetadataItemDefinition], resolve: () => [] }),
  }),
});

export { MetadataItemDefinition };

const assetsOf = (plan: PlanModel): string[][] =>
  [...plan.steps.values()].flatMap((step) =>
    step.outputs.flatMap((output) => (output.asset ? [output.asset] : [])),
  );
export const ExecutionPlan = builder.objectRef<PlanModel>("ExecutionPlan").implement({
  fields: (t) => ({
    steps: t.field({
      type: [ExecutionStep],
      resolve: (plan) => [...plan.steps.values()].map((step) => ({ step, plan })),
    }),
    artifactsPersisted: t.boolean({ resolve: () => true }),
    assetKeys: t.field({ type: [AssetKey], resolve: assetsOf }),
    assetSelection: t.stringList({ resolve: (plan) => assetsOf(plan).map((key) => key.join("/")) }),
    assetCheckKeys: t.field({
      type: [AssetCheckHandle],
      resolve: (plan) => [...plan.steps.values()].flatMap((step) => step.checks),
    }),
  }),
});
