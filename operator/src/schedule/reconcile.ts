import type { ScheduleDef } from "@dagster-operator/sdk/internal";
import type { ScheduleObject } from "../definitions/objects.ts";
import type { Family } from "../definitions/reconcile-instigator.ts";
import { scheduleStatus } from "./decide.ts";

/** Schedules, for `reconcileInstigator`. */
export const SCHEDULES: Family<ScheduleObject, ScheduleDef> = {
  kind: "Schedule",
  definitions: "schedules",
  status: scheduleStatus,
};
