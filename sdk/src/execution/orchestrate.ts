import type { ErrorInfo } from "../model/event.ts";
import type { Plan } from "./plan.ts";
import { PoolGate, type PoolSlots } from "./pool-gate.ts";
import { retryAfter } from "./retry-delay.ts";
import { type Outcome, RunEvents } from "./run-events.ts";
import { type Change, StepGraph, type Unit } from "./step-graph.ts";
import type { StepLauncher } from "./step-launcher.ts";
import { Heap } from "./step-order.ts";
import type { EmitEvent, RunContext, StepResult } from "./step-protocol.ts";

export interface OrchestrateOptions {
  plan: Plan;
  run: RunContext;
  launcher: StepLauncher;
  emit: EmitEvent;
  /** Slots of concurrency pools; absent = pools are not limited. */
  slots?: PoolSlots | undefined;
  /** Aborted = cancel: no step starts any more, running ones are told, the run ends CANCELED. */
  signal: AbortSignal;
  now?: () => number;
  /** Milliseconds; resolves early on abort. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  random?: () => number;
}

/**
 * The one loop for every executor: starts each step when all upstream steps have ended well, skips what can no longer get its
 * inputs, expands mapped steps, applies retry policies, and ends with RUN_SUCCESS, RUN_FAILURE or RUN_CANCELED (emitted).
 * A step in a pool starts when it holds a slot of it; others go on meanwhile. A failed step stops only what is downstream of it.
 * Of steps that could start, one with a higher tag `dagster/priority` goes first, then by plan order. Rejects only when `emit` throws: then running steps are told to stop and waited for.
 * The launcher stays open; whoever made it closes it.
 */
export function orchestrate(options: OrchestrateOptions): Promise<Outcome> {
  return new Loop(options).run();
}

class Loop {
  readonly #options: OrchestrateOptions;
  readonly #graph: StepGraph;
  readonly #events: RunEvents;
  readonly #ready = new Heap<Unit>(startsBefore);
  /** Tells running steps and sleeping retries to stop, on cancel and when this loop itself breaks. */
  readonly #stop = new AbortController();
  readonly #done = Promise.withResolvers<void>();
  readonly #sleep: NonNullable<OrchestrateOptions["sleep"]>;
  readonly #random: () => number;
  /** Try that each unit is at, from 1. */
  readonly #attempts = new Map<Unit, number>();
  readonly #gate: PoolGate;
  /** When each unit began to wait for a slot. */
  readonly #waitingSince = new Map<Unit, number>();
  readonly #failures: { key: string; error: ErrorInfo }[] = [];
  #running = 0;
  #sleeping = 0;
  #bug: { error: unknown } | undefined;

  constructor(options: OrchestrateOptions) {
    this.#options = options;
    this.#graph = new StepGraph(options.plan, options.run);
    const now = options.now ?? Date.now;
    this.#events = new RunEvents(options.emit, now);
    this.#gate = new PoolGate({
      slots: options.slots,
      maxConcurrent: options.launcher.maxConcurrent,
      priority: (unit) => priorityOf(options.run.tags) + priorityOf(unit.group.step.tags),
      attempt: (unit) => this.#attempts.get(unit) ?? 0,
      before: startsBefore,
      signal: this.#stop.signal,
      waits: (unit, pool) =>
        this.#guard(() => {
          this.#waitingSince.set(unit, now());
          this.#events.slotAwaited(unit.key, pool);
        }),
      ready: (units) =>
        this.#guard(() => {
          for (const unit of units) this.#ready.push(unit);
        }),
      broken: (error) =>
        this.#guard(() => {
          throw error;
        }),
    });
    this.#sleep = options.sleep ?? sleepFor;
    this.#random = options.random ?? Math.random;
  }

  async run(): Promise<Outcome> {
    const { plan, run, signal } = this.#options;
    const cancel = () => {
      this.#stop.abort(signal.reason);
      this.#guard(() => {});
    };
    signal.addEventListener("abort", cancel, { once: true });
    try {
      if (signal.aborted) this.#stop.abort(signal.reason);
      this.#events.started(plan, run);
      this.#guard(() => this.#apply(this.#graph.start()));
      await this.#done.promise;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
    if (this.#bug) throw this.#bug.error;
    return this.#events.ended({
      canceled: signal.aborted,
      failures: this.#failures,
      blockedAssets: this.#graph.blockedAssets,
      steps: plan.steps.length,
    });
  }

  /** Every way into the loop: does `act`, starts what can start, and notices the end. An error here is ours (or `emit`'s). */
  #guard(act: () => void): void {
    try {
      if (!this.#bug) {
        act();
        this.#startReady();
      }
    } catch (error) {
      this.#bug = { error };
      this.#stop.abort(error);
    }
    if (this.#running > 0 || this.#sleeping > 0 || this.#gate.waiting > 0) return;
    if (this.#stop.signal.aborted || this.#graph.finished) this.#done.resolve();
    else if (this.#ready.size === 0) {
      this.#bug = {
        error: new Error(
          "The step loop has nothing to do and has not ended: this is a bug in dagster-operator.",
        ),
      };
      this.#done.resolve();
    }
  }

  #apply(changes: Change[]): void {
    for (const change of changes) {
      if (change.kind === "ready") this.#ready.push(change.unit);
      else if (change.kind === "skipped") this.#events.stepSkipped(change.unit.key, change.reason);
      else this.#failed(change.unit, { name: "PlanError", message: change.message });
    }
  }

  #startReady(): void {
    while (this.#running < this.#options.launcher.maxConcurrent && !this.#stop.signal.aborted) {
      const unit = this.#ready.pop();
      if (!unit) return;
      if (this.#gate.passes(unit)) this.#start(unit);
    }
  }

  #start(unit: Unit): void {
    const attempt = (this.#attempts.get(unit) ?? 0) + 1;
    this.#attempts.set(unit, attempt);
    const since = this.#waitingSince.get(unit);
    if (since !== undefined && this.#waitingSince.delete(unit))
      this.#events.slotHeld(unit.key, unit.group.step.pool ?? "", since);
    if (attempt > 1) this.#events.stepRestarted(unit.key, attempt);
    const { run, launcher, emit } = this.#options;
    this.#running++;
    const settle = (result: StepResult) => {
      this.#running--;
      this.#guard(() => this.#ended(unit, attempt, result));
    };
    // A launcher that rejects or throws breaks its contract; the step fails and the run goes on to its end.
    const broken = (error: unknown) =>
      settle({ kind: "failure", error: launcherError(unit.key, error), retryable: false });
    let result: Promise<StepResult>;
    try {
      result = launcher.run(this.#graph.request(run, unit, attempt), emit, this.#stop.signal);
    } catch (error) {
      result = Promise.reject(error);
    }
    result.then(settle, broken);
  }

  #ended(unit: Unit, attempt: number, result: StepResult): void {
    if (result.kind === "success") {
      this.#events.stepSucceeded(unit.key, result.durationMs);
      this.#apply(this.#graph.succeed(unit, result));
      return;
    }
    if (result.kind === "canceled" && this.#stop.signal.aborted) return;
    const error = result.kind === "canceled" ? stoppedUnasked : result.error;
    const wait = retryAfter(unit.group.step.retryPolicy, attempt, result, this.#random);
    if (wait !== null) {
      this.#retry(unit, attempt, wait, error);
      return;
    }
    this.#failed(unit, error);
    this.#apply(this.#graph.fail(unit));
  }

  #failed(unit: Unit, error: ErrorInfo): void {
    this.#failures.push({ key: unit.key, error });
    this.#events.stepFailed(unit.key, error);
  }

  /** Waiting for a retry takes no slot of the launcher. */
  #retry(unit: Unit, attempt: number, seconds: number, error: ErrorInfo): void {
    this.#events.stepUpForRetry(unit.key, attempt, seconds, error);
    this.#sleeping++;
    const wake = () => {
      this.#sleeping--;
      this.#guard(() => this.#ready.push(unit));
    };
    this.#sleep(seconds * 1000, this.#stop.signal).then(wake, wake);
  }
}

const stoppedUnasked: ErrorInfo = {
  name: "StepCanceled",
  message: "its launcher stopped it although nobody had canceled the run",
};

function startsBefore(a: Unit, b: Unit): boolean {
  const priority = (unit: Unit) => priorityOf(unit.group.step.tags);
  return (priority(b) - priority(a) || a.group.index - b.group.index) < 0;
}

const priorityOf = (tags: Record<string, string>): number => Number(tags["dagster/priority"] ?? 0) || 0;

function launcherError(stepKey: string, error: unknown): ErrorInfo {
  const message = error instanceof Error ? error.message : String(error);
  const info: ErrorInfo = {
    name: "StepLauncherError",
    message: `the launcher could not run step ${stepKey}: ${message}`,
  };
  if (error instanceof Error && error.stack) info.stack = error.stack;
  return info;
}

function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
