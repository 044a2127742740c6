import { z } from "zod";
import { Json, resource } from "./object.ts";
import { PodFields } from "./pod.ts";

const seconds = z.number().int().nonnegative();

export const CodeLocationSpec = z
  .strictObject({
    /** Image with the user's code; a machine without a cluster runs the file in place and needs none. */
    image: z.string().min(1).optional(),
    language: z.enum(["typescript", "python"]).default("typescript"),
    /** File that exports the Definitions, from the working directory of the image (locally: from the manifest). */
    file: z.string().min(1).optional(),
    module: z.string().min(1).optional(),
    /** Named export; default: the default export. */
    attribute: z.string().min(1).optional(),
    workingDirectory: z.string().optional(),
    /** Default 1. */
    replicas: z.number().int().nonnegative().optional(),
    /** Stops the code server; the last definitions stay visible. */
    paused: z.boolean().optional(),
    ...PodFields,
    readinessProbe: Json.optional(),
    livenessProbe: Json.optional(),
    startupProbe: Json.optional(),
    podDisruptionBudget: Json.optional(),
    /** Pods of runs and steps: the same fields, and how long an ended one stays. */
    runTemplate: z
      .strictObject({
        ...PodFields,
        ttlAfterSuccess: seconds.optional(),
        ttlAfterFailure: seconds.optional(),
      })
      .optional(),
  })
  .refine((spec) => (spec.file === undefined) !== (spec.module === undefined), {
    message: "a code location names its code by either file or module",
  });
export type CodeLocationSpec = z.infer<typeof CodeLocationSpec>;
export const CodeLocationResource = resource("CodeLocation", CodeLocationSpec);
