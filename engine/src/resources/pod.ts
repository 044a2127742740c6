/** Pod fields, in the names of the user-deployments chart. The types inside are Kubernetes' own. */
import { z } from "zod";
import { Json } from "./object.ts";

const strings = z.record(z.string(), z.string());
const Named = z.union([z.string(), z.looseObject({ name: z.string() })]);

export const EnvVar = z.strictObject({
  name: z.string().min(1).describe("Name of the variable."),
  value: z.string().optional().describe("Its value."),
  valueFrom: Json.optional().describe("A source of its value: secretKeyRef, configMapKeyRef, fieldRef, …"),
});
export type EnvVar = z.infer<typeof EnvVar>;

export const PodFields = {
  imagePullPolicy: z
    .enum(["Always", "IfNotPresent", "Never"])
    .optional()
    .describe("When the image is pulled. Default: Kubernetes' own."),
  imagePullSecrets: z
    .array(Named)
    .optional()
    .describe("Secrets of registries: names, or objects with a name."),
  env: z.array(EnvVar).optional().describe("Environment variables of the container with the user's code."),
  envConfigMaps: z
    .array(Named)
    .optional()
    .describe("ConfigMaps whose keys become variables: names, or objects with a name (and optional: true)."),
  envSecrets: z
    .array(Named)
    .optional()
    .describe("Secrets whose keys become variables: names, or objects with a name (and optional: true)."),
  annotations: strings.optional().describe("Annotations of the pods."),
  labels: strings.optional().describe("Labels of the pods."),
  nodeSelector: strings.optional().describe("Labels that a node must have."),
  affinity: Json.optional().describe("Affinity of the pods."),
  tolerations: z.array(Json).optional().describe("Taints that the pods tolerate."),
  podSecurityContext: Json.optional().describe(
    "Security context of the pod, over the restricted one that is the default.",
  ),
  securityContext: Json.optional().describe(
    "Security context of the container, over the restricted one that is the default.",
  ),
  resources: Json.optional().describe("Requests and limits of the container."),
  serviceAccountName: z
    .string()
    .optional()
    .describe("Service account of the pods; its token is not mounted. Default: the namespace's."),
  schedulerName: z.string().optional().describe("Scheduler of the pods."),
  priorityClassName: z.string().optional().describe("Priority class of the pods."),
  volumes: z.array(Json).optional().describe("Volumes of the pods."),
  volumeMounts: z.array(Json).optional().describe("Mounts of the container."),
  initContainers: z.array(Json).optional().describe("Containers that end before the user's code starts."),
  sidecarContainers: z
    .array(Json)
    .optional()
    .describe("Containers that run beside the user's code, as native sidecars."),
};
