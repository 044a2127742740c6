import type { NoKeys, ResourceMap } from "../resource/resource.ts";
import { type DepSelectionLike, selectionsOf } from "./automation-condition.ts";
import { makeSensor, type SensorDefinition, type SensorOptions } from "./sensor.ts";

export interface AutomationConditionSensorOptions
  extends Pick<SensorOptions<NoKeys>, "minimumInterval" | "description" | "tags" | "defaultStatus"> {
  /** The assets whose conditions it evaluates: a selection, or assets. */
  target: DepSelectionLike;
  /** Of each run that it requests. */
  runTags?: Readonly<Record<string, string>>;
}

/**
 * Defines who evaluates the automation conditions of some assets, to switch or pace them apart. Those of all others are
 * evaluated by `default_automation_condition_sensor`, which is there without being defined.
 * @example
 * automationConditionSensor("raw_automation", { target: "group:raw", minimumInterval: 60, defaultStatus: "RUNNING" });
 */
export function automationConditionSensor(
  name: string,
  { target, runTags, ...options }: AutomationConditionSensorOptions,
): SensorDefinition {
  const automation = { selection: selectionsOf(target), runTags: { ...runTags } };
  const made = makeSensor(
    "automation",
    undefined,
    name,
    options as SensorOptions<ResourceMap>,
    () => undefined,
  );
  return { ...made, automation };
}
