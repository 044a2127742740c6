import type { Plan } from "../src/execution/plan.ts";
import type { StepLauncher } from "../src/execution/step-launcher.ts";
import type { EmitEvent, RunContext, StepRequest, StepResult } from "../src/execution/step-protocol.ts";

export type Answer =
  | (Partial<Omit<Extract<StepResult, { kind: "success" }>, "kind">> & { kind?: "success" })
  | Exclude<StepResult, { kind: "success" }>
  | Error;
/** What a step does at a given try; by default it yields all its outputs. */
export type Script = Record<
  string,
  Answer | ((request: StepRequest, signal: AbortSignal) => Answer | Promise<Answer>)
>;

export const boom = (message = "boom"): StepResult => ({
  kind: "failure",
  error: { name: "Error", message },
  retryable: true,
});

export class ScriptedLauncher implements StepLauncher {
  readonly maxConcurrent: number;
  readonly requests: StepRequest[] = [];
  running = 0;
  mostRunning = 0;
  readonly #plan: Plan;
  readonly #script: Script;

  constructor(plan: Plan, script: Script, maxConcurrent = 4) {
    this.#plan = plan;
    this.#script = script;
    this.maxConcurrent = maxConcurrent;
  }

  async run(request: StepRequest, _emit: EmitEvent, signal: AbortSignal): Promise<StepResult> {
    this.requests.push(request);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    const template = request.stepKey.replace(/\[.*\]$/, "");
    const says = this.#script[request.stepKey] ?? this.#script[template] ?? {};
    try {
      const answer = typeof says === "function" ? await says(request, signal) : await Promise.resolve(says);
      if (answer instanceof Error) throw answer;
      if ("error" in answer || answer.kind === "canceled") return answer;
      const step = this.#plan.steps.find((s) => s.key === template);
      const outputs = (step?.outputs ?? []).map((o) => ({
        name: o.name,
        ...(o.dynamic && { mappingKeys: ["a", "b"] }),
      }));
      return { durationMs: 1, outputs, blockedAssets: [], ...answer, kind: "success" };
    } finally {
      this.running--;
    }
  }

  async close(): Promise<void> {}
}

export const runContext = (part: Partial<RunContext> = {}): RunContext => ({
  runId: "run",
  job: "job",
  location: "here",
  assets: null,
  checks: null,
  steps: null,
  runConfig: {},
  tags: {},
  partition: null,
  parentRunId: null,
  rootRunId: null,
  known: { outputsFrom: {}, mappingKeys: {} },
  attempt: 1,
  ...part,
});
