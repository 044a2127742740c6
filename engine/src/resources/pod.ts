/** Pod fields, in the names of the user-deployments chart. The types inside are Kubernetes' own. */
import { z } from "zod";
import { Json } from "./object.ts";

const strings = z.record(z.string(), z.string());
const Named = z.union([z.string(), z.looseObject({ name: z.string() })]);

export const EnvVar = z.strictObject({
  name: z.string().min(1),
  value: z.string().optional(),
  valueFrom: Json.optional(),
});
export type EnvVar = z.infer<typeof EnvVar>;

export const PodFields = {
  imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).optional(),
  imagePullSecrets: z.array(Named).optional(),
  env: z.array(EnvVar).optional(),
  envConfigMaps: z.array(Named).optional(),
  envSecrets: z.array(Named).optional(),
  annotations: strings.optional(),
  labels: strings.optional(),
  nodeSelector: strings.optional(),
  affinity: Json.optional(),
  tolerations: z.array(Json).optional(),
  podSecurityContext: Json.optional(),
  securityContext: Json.optional(),
  resources: Json.optional(),
  serviceAccountName: z.string().optional(),
  schedulerName: z.string().optional(),
  priorityClassName: z.string().optional(),
  volumes: z.array(Json).optional(),
  volumeMounts: z.array(Json).optional(),
  initContainers: z.array(Json).optional(),
  sidecarContainers: z.array(Json).optional(),
};
