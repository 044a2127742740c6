/** What all custom resources share. The zod schemas in this folder are the one source: files are checked with them, CRDs are made from them. */
import { z } from "zod";

export const GROUP = "dagster-operator.io";
export const API_VERSION = `${GROUP}/v1alpha1`;

export const ObjectMeta = z.looseObject({
  name: z
    .string()
    .max(253)
    .regex(
      /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
      "a name is lower case letters, digits, - and ., and begins and ends with a letter or digit",
    )
    .optional(),
  /** For `kubectl create`: the server appends something unique. */
  generateName: z.string().optional(),
  namespace: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type ObjectMeta = z.infer<typeof ObjectMeta>;

/** Schema of a whole object of one kind. `status` is the operator's and is taken as it is. */
export function resource<K extends string, S extends z.ZodType>(kind: K, spec: S) {
  return z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(kind),
    metadata: ObjectMeta.refine((meta) => meta.name !== undefined || meta.generateName !== undefined, {
      message: "an object needs a name (or a generateName)",
      path: ["name"],
    }),
    spec,
    status: z.unknown().optional(),
  });
}

/** Any JSON object: run config, and Kubernetes' own types, which its API server checks better than we could. */
export const Json = z.record(z.string(), z.unknown());
export const Tags = z.record(z.string(), z.string());

/** Name that an object's definition has in its code location: code has `_` where Kubernetes has `-` and `.`. */
export const definitionName = (name: string): string => name.replaceAll(/[-.]/g, "_");
