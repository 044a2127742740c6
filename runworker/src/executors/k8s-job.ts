import {
  type Clock,
  type PostStep,
  type StepState,
  systemClock,
  Unavailable,
} from "@dagster-operator/engine";
import type {
  EmitEvent,
  Plan,
  Step,
  StepLauncher,
  StepRequest,
  StepResult,
} from "@dagster-operator/sdk/internal";
import { backoff } from "../run-api/run-api-client.ts";

const WAIT_SECONDS = 25;
/** How long a pod may take to stop; its Job is deleted by whoever canceled the run (ms). */
const GRACE_MS = 10_000;

/** What the launcher needs of the run API. */
export interface StepApi {
  /** Repeated until it is stored. */
  requestStep(step: PostStep): Promise<void>;
  /** One try. @throws Unavailable · Fenced */
  stepState(
    stepKey: string,
    stepAttempt: number,
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<StepState>;
}

export interface K8sJobOptions {
  api: StepApi;
  plan: Plan;
  maxConcurrent: number;
  clock?: Clock;
  graceMs?: number;
}

/**
 * Each step in a pod of its own: asked for through the run API, made by the operator. The pod sends the step's events by
 * itself, before its result, so nothing comes through `emit`.
 */
export class K8sJobLauncher implements StepLauncher {
  readonly maxConcurrent: number;
  readonly #options: Required<K8sJobOptions>;
  readonly #steps: Map<string, Step>;
  readonly #closed = new AbortController();

  constructor(options: K8sJobOptions) {
    this.#options = { clock: systemClock, graceMs: GRACE_MS, ...options };
    this.maxConcurrent = options.maxConcurrent;
    this.#steps = new Map(options.plan.steps.map((step) => [step.key, step]));
  }

  async run(request: StepRequest, _emit: EmitEvent, signal: AbortSignal): Promise<StepResult> {
    if (signal.aborted) return { kind: "canceled" };
    const { api, graceMs } = this.#options;
    // A copy of a mapped step is planned as its template.
    const step = this.#steps.get(request.stepKey.replaceAll(/\[[^\]]*\]/g, ""));
    if (!step) throw new Error(`step ${request.stepKey} is not in the plan of this run`);
    await api.requestStep({ request, op: step.op.name, tags: step.tags });
    const given = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const cancel = () => {
      timer = setTimeout(() => given.abort(), graceMs);
    };
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
    try {
      return (
        (await this.#result(request, AbortSignal.any([given.signal, this.#closed.signal]))) ?? {
          kind: "canceled",
        }
      );
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  /** null when `signal` aborted first. */
  async #result({ stepKey, stepAttempt }: StepRequest, signal: AbortSignal): Promise<StepResult | null> {
    const { api, clock } = this.#options;
    for (let failures = 0; !signal.aborted; ) {
      try {
        const { result } = await api.stepState(stepKey, stepAttempt, WAIT_SECONDS, signal);
        failures = 0;
        if (result) return result;
      } catch (error) {
        if (signal.aborted) return null;
        if (!(error instanceof Unavailable)) throw error;
        failures += 1;
        await clock.sleep(backoff(failures), signal);
      }
    }
    return null;
  }
}
