import type { StepInput } from "./plan.ts";

export type LeafSource = Exclude<StepInput, { kind: "fan_in" }>;

/** Every single source of a step, loaded or only waited for: fan-ins opened. */
export function sourcesOf(step: { inputs: Record<string, StepInput>; after: StepInput[] }): LeafSource[] {
  const open = (source: StepInput): LeafSource[] =>
    source.kind === "fan_in" ? source.sources.flatMap(open) : [source];
  return [...Object.values(step.inputs), ...step.after].flatMap(open);
}
