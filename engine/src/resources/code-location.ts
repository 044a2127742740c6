import { z } from "zod";
import { Json, resource } from "./object.ts";
import { PodFields } from "./pod.ts";
import { exactlyOne, rules } from "./rule.ts";

const seconds = z.number().int().nonnegative();
const EITHER = "a code location names its code by either file or module";

export const CodeLocationSpec = z
  .strictObject({
    image: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Image with the user's code; a machine without a cluster runs the file in place and needs none.",
      ),
    language: z.enum(["typescript", "python"]).default("typescript").describe("Language of the user's code."),
    file: z
      .string()
      .min(1)
      .optional()
      .describe(
        "File that exports the Definitions, from the working directory of the image (locally: from the manifest).",
      ),
    module: z.string().min(1).optional().describe("Module that exports the Definitions, in place of file."),
    attribute: z.string().min(1).optional().describe("Named export; default: the default export."),
    workingDirectory: z.string().optional().describe("Folder in the image; default: the image's own."),
    replicas: z
      .number()
      .int()
      .nonnegative()
      .optional()
      .describe("Code servers; an autoscaler may set it.")
      .meta({ default: 1 }),
    paused: z.boolean().optional().describe("Stops the code server; the last definitions stay visible."),
    ...PodFields,
    topologySpreadConstraints: z
      .array(Json)
      .optional()
      .describe("How the code servers are spread; one without a labelSelector is about these code servers."),
    readinessProbe: Json.optional().describe(
      "In place of the default, which asks whether definitions are loaded.",
    ),
    livenessProbe: Json.optional().describe(
      "In place of the default, which asks whether the code server answers.",
    ),
    startupProbe: Json.optional().describe("In place of the default, which waits until loading has ended."),
    podDisruptionBudget: Json.optional().describe(
      "Spec of a PodDisruptionBudget: minAvailable or maxUnavailable. Default with two or more replicas: maxUnavailable 1.",
    ),
    runTemplate: z
      .strictObject({
        ...PodFields,
        ttlAfterSuccess: seconds.optional().describe("Seconds that a run that succeeded keeps its pods."),
        ttlAfterFailure: seconds.optional().describe("Seconds that a run that failed keeps its pods."),
        infrastructureRetries: z
          .int()
          .min(0)
          .max(1000)
          .optional()
          .describe(
            "How often a run's worker, and each attempt of a step in a pod of its own, is started again after its pod was lost (evicted, preempted, deleted, node gone). Default: the chart's.",
          ),
      })
      .optional()
      .describe("Pods of runs and steps: laid over the same fields of the location."),
  })
  .refine((spec) => (spec.file === undefined) !== (spec.module === undefined), { message: EITHER })
  .meta(rules([{ rule: exactlyOne("file", "module"), message: EITHER }]));
export type CodeLocationSpec = z.infer<typeof CodeLocationSpec>;
export const CodeLocationResource = resource("CodeLocation", CodeLocationSpec);
