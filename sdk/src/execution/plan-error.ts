/** Thrown when a target cannot be planned: unknown job, asset or step, a cycle, or a partial multi-asset that may not be subset. */
export class PlanError extends Error {
  override name = "PlanError";
  /** Every problem found, one sentence each. */
  readonly problems: string[];
  constructor(problems: string[]) {
    super(
      problems.length === 1
        ? problems[0]
        : `${problems.length} problems:\n${problems.map((p) => `- ${p}`).join("\n")}`,
    );
    this.problems = problems;
  }
}
