import type { StepInput } from "./plan.ts";

export type LeafSource = Exclude<StepInput, { kind: "fan_in" }>;

/** Every single source of a step, loaded or only waited for: fan-ins opened. */
export function sourcesOf(step: { inputs: Record<string, StepInput>; after: StepInput[] }): LeafSource[] {
  const leaves: LeafSource[] = [];
  for (const name in step.inputs) open(step.inputs[name] as StepInput, leaves);
  for (const source of step.after) open(source, leaves);
  return leaves;
}

function open(source: StepInput, leaves: LeafSource[]): void {
  if (source.kind !== "fan_in") leaves.push(source);
  else for (const inner of source.sources) open(inner, leaves);
}
