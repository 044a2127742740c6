import type { SensorDef } from "@dagster-operator/sdk/internal";
import type { SensorType } from "./enums.ts";

const TYPE = {
  standard: "STANDARD",
  asset: "ASSET",
  multi_asset: "MULTI_ASSET",
  run_status: "RUN_STATUS",
  freshness: "FRESHNESS_POLICY",
  automation: "AUTOMATION",
} as const satisfies Record<SensorDef["kind"], typeof SensorType.$inferType>;
export const sensorType = (kind: SensorDef["kind"]) => TYPE[kind];
