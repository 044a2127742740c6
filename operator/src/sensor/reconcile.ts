import type { SensorDef } from "@dagster-operator/sdk/internal";
import type { SensorObject } from "../definitions/objects.ts";
import type { Family } from "../definitions/reconcile-instigator.ts";
import { sensorStatus } from "./decide.ts";

/** Sensors, for `reconcileInstigator`. */
export const SENSORS: Family<SensorObject, SensorDef> = {
  kind: "Sensor",
  definitions: "sensors",
  status: sensorStatus,
};
