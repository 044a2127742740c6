/** What a Job, Schedule, Run or Backfill is to run. */
import { z } from "zod";
import { Json, Tags } from "./object.ts";
import { PodFields } from "./pod.ts";
import type { Rule } from "./rule.ts";

const name = z.string().min(1);
export const Executor = z.enum(["in_process", "multiprocess", "k8s_job"]);

/** Fields of a target; `checkTarget` says what they must be together. */
export const target = {
  codeLocation: name.optional().describe("Name of a CodeLocation of the same namespace."),
  job: name.optional().describe("Name of a job in its code."),
  assetSelection: name.optional().describe("Selection syntax over its assets, e.g. `+revenue`."),
  runConfig: Json.optional().describe("Run config. Default: the job's own."),
  tags: Tags.optional().describe("Tags of the run."),
  executor: Executor.optional().describe("Default: by the run config's `execution` block, else in_process."),
  podTemplate: z.strictObject(PodFields).optional().describe("Laid over the pods of the run and its steps."),
};
export const jobRef = {
  jobRef: z
    .strictObject({ name: name.describe("Name of the Job object.") })
    .optional()
    .describe("A Job object of the same namespace, in place of codeLocation and job or assetSelection."),
};

export interface TargetFields {
  codeLocation?: string | undefined;
  job?: string | undefined;
  assetSelection?: string | undefined;
  jobRef?: { name: string } | undefined;
}

const NOTHING =
  "it does not say what to run: set job or assetSelection (with codeLocation), or jobRef where the kind has it";
const NEEDS = "needs codeLocation, the name of a CodeLocation";
const TWICE = "jobRef names the code location already";

/** For `superRefine`: exactly one way to say what runs. */
export function checkTarget(spec: TargetFields, context: z.RefinementCtx): void {
  const said = [spec.jobRef && "jobRef", spec.job && "job", spec.assetSelection && "assetSelection"].filter(
    Boolean,
  );
  if (said.length !== 1)
    context.addIssue({
      code: "custom",
      message: said.length === 0 ? NOTHING : `${said.join(" and ")} exclude each other`,
      path: said.length > 1 ? [said[1] as string] : [],
    });
  else if (!spec.jobRef && !spec.codeLocation)
    context.addIssue({ code: "custom", message: `${said[0]} ${NEEDS}`, path: [] });
  else if (spec.jobRef && spec.codeLocation)
    context.addIssue({ code: "custom", message: TWICE, path: ["codeLocation"] });
}

/** `checkTarget` as CEL, for specs with and without `jobRef`; `when` is CEL for when it holds at all. */
export function targetRules(options: { jobRef: boolean; when?: string }): Rule[] {
  const fields = [...(options.jobRef ? ["jobRef"] : []), "job", "assetSelection"];
  const when = options.when === undefined ? "" : `(${options.when}) && `;
  // One rule for each way to be wrong: a message made by CEL costs more than the API server allows.
  const never = (said: readonly string[], more: string, message: string): Rule => ({
    rule: `!(${when}${fields.map((field) => `${said.includes(field) ? "" : "!"}has(self.${field})`).join(" && ")}${more})`,
    message,
  });
  const together = [...pairs(fields), ...(fields.length > 2 ? [fields] : [])];
  return [
    never([], "", NOTHING),
    ...together.map((said) => never(said, "", `${said.join(" and ")} exclude each other`)),
    ...["job", "assetSelection"].map((field) =>
      never([field], " && !has(self.codeLocation)", `${field} ${NEEDS}`),
    ),
    ...(options.jobRef ? [never(["jobRef"], " && has(self.codeLocation)", TWICE)] : []),
  ];
}

const pairs = (list: readonly string[]): string[][] =>
  list.flatMap((a, at) => list.slice(at + 1).map((b) => [a, b]));
