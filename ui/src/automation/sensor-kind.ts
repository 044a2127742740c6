import type { SensorType } from "../graphql/generated/operations.ts";

const KINDS: Partial<Record<SensorType, string>> = {
  STANDARD: "sensor",
  ASSET: "watches an asset",
  MULTI_ASSET: "watches assets",
  RUN_STATUS: "watches runs",
  AUTOMATION: "automation conditions",
};
/** What a sensor looks at, in words. */
export const sensorKind = (type: SensorType): string =>
  KINDS[type] ?? type.toLowerCase().replaceAll("_", " ");
