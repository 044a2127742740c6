/** Job, Schedule and Sensor objects. */
import {
  GROUP,
  type JobSpec,
  type JobStatus,
  type ScheduleSpec,
  type ScheduleStatus,
  type SensorSpec,
  type SensorStatus,
} from "@dagster-operator/engine/resources";
import type { z } from "zod";
import type { KubeObject, Resource } from "../kube/object.ts";
import { CODE_LOCATION, DAGSTER_JOB, SCHEDULE, SENSOR } from "../kube/resources.ts";

export interface JobObject extends KubeObject {
  spec: JobSpec;
  status?: z.infer<typeof JobStatus>;
}
export interface ScheduleObject extends KubeObject {
  spec: ScheduleSpec;
  status?: z.infer<typeof ScheduleStatus>;
}
export interface SensorObject extends KubeObject {
  spec: SensorSpec;
  status?: z.infer<typeof SensorStatus>;
}
export type DefinitionKind = "Job" | "Schedule" | "Sensor";
export const RESOURCES: Record<DefinitionKind, Resource> = {
  Job: DAGSTER_JOB,
  Schedule: SCHEDULE,
  Sensor: SENSOR,
};

/** All of a namespace, or of all. */
export interface DefinitionObjects {
  jobs: readonly JobObject[];
  schedules: readonly ScheduleObject[];
  sensors: readonly SensorObject[];
}

/** Made by the operator for what the code defines. Whoever takes its owner off makes it their own. */
export const isMirror = ({ metadata }: KubeObject): boolean =>
  metadata.ownerReferences?.some(
    ({ kind, apiVersion, controller }) =>
      controller === true && kind === CODE_LOCATION.kind && apiVersion.startsWith(`${GROUP}/`),
  ) ?? false;
