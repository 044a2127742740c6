import { API_VERSION } from "@dagster-operator/engine/resources";
import type { KubeObject, Resource } from "./object.ts";

export const CODE_LOCATION: Resource = {
  apiVersion: API_VERSION,
  kind: "CodeLocation",
  plural: "codelocations",
};
export const RUN: Resource = { apiVersion: API_VERSION, kind: "Run", plural: "runs" };
/** `batch/v1` has Jobs too. */
export const DAGSTER_JOB: Resource = { apiVersion: API_VERSION, kind: "Job", plural: "jobs" };
export const SCHEDULE: Resource = { apiVersion: API_VERSION, kind: "Schedule", plural: "schedules" };
export const SENSOR: Resource = { apiVersion: API_VERSION, kind: "Sensor", plural: "sensors" };
export const BACKFILL: Resource = { apiVersion: API_VERSION, kind: "Backfill", plural: "backfills" };
export const DEPLOYMENT: Resource = { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments" };
export const SERVICE: Resource = { apiVersion: "v1", kind: "Service", plural: "services" };
export const POD: Resource = { apiVersion: "v1", kind: "Pod", plural: "pods" };
export const CONFIG_MAP: Resource = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps" };
export const SECRET: Resource = { apiVersion: "v1", kind: "Secret", plural: "secrets" };
export const POD_DISRUPTION_BUDGET: Resource = {
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
};

/** The parts of a pod's status that tell how it does. */
export interface Pod extends KubeObject {
  spec?: { nodeName?: string; containers?: { name: string; image?: string }[] };
  status?: {
    phase?: string;
    reason?: string;
    message?: string;
    podIP?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
}
export interface ContainerStatus {
  name: string;
  ready?: boolean;
  started?: boolean;
  restartCount?: number;
  imageID?: string;
  containerID?: string;
  state?: ContainerState;
  lastState?: ContainerState;
}
export interface ContainerState {
  waiting?: { reason?: string; message?: string };
  running?: { startedAt?: string };
  terminated?: { exitCode: number; reason?: string; message?: string };
}

export interface Deployment extends KubeObject {
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
}
