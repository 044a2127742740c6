/** What a Job, Schedule, Run or Backfill is to run. */
import { z } from "zod";
import { Json, Tags } from "./object.ts";
import { PodFields } from "./pod.ts";

const name = z.string().min(1);
export const Executor = z.enum(["in_process", "multiprocess", "k8s_job"]);

/** Fields of a target; `checkTarget` says what they must be together. */
export const target = {
  /** Name of a CodeLocation of the same namespace. */
  codeLocation: name.optional(),
  /** Name of a job in its code. */
  job: name.optional(),
  /** Selection syntax over its assets. */
  assetSelection: name.optional(),
  runConfig: Json.optional(),
  tags: Tags.optional(),
  /** Default: by the run config's `execution` block, else in_process. */
  executor: Executor.optional(),
  /** Laid over the pods of the run and its steps. */
  podTemplate: z.strictObject(PodFields).optional(),
};
export const jobRef = {
  /** A Job object of the same namespace, in place of codeLocation and job or assetSelection. */
  jobRef: z.strictObject({ name }).optional(),
};

export interface TargetFields {
  codeLocation?: string | undefined;
  job?: string | undefined;
  assetSelection?: string | undefined;
  jobRef?: { name: string } | undefined;
}

/** For `superRefine`: exactly one way to say what runs. */
export function checkTarget(spec: TargetFields, context: z.RefinementCtx): void {
  const said = [spec.jobRef && "jobRef", spec.job && "job", spec.assetSelection && "assetSelection"].filter(
    Boolean,
  );
  if (said.length !== 1)
    context.addIssue({
      code: "custom",
      message:
        said.length === 0
          ? "it does not say what to run: set job or assetSelection (with codeLocation), or jobRef where the kind has it"
          : `${said.join(" and ")} exclude each other`,
      path: said.length > 1 ? [said[1] as string] : [],
    });
  else if (!spec.jobRef && !spec.codeLocation)
    context.addIssue({
      code: "custom",
      message: `${said[0]} needs codeLocation, the name of a CodeLocation`,
      path: [],
    });
  else if (spec.jobRef && spec.codeLocation)
    context.addIssue({
      code: "custom",
      message: "jobRef names the code location already",
      path: ["codeLocation"],
    });
}
