/**
 * Compute loop: carries compute requests from storage to one backend, and tells storage how workers ended.
 * One of them runs beside each backend: in the local process, or in the operator.
 */
import type { RunEvent } from "@dagster-operator/sdk/internal";
import { Conflict, NotFound } from "./errors.ts";
import type { RunUnderWay } from "./monitoring/overdue.ts";
import type { Clock } from "./ports/clock.ts";
import type { ComputeBackend, ComputeRequest, WorkerExit } from "./ports/compute.ts";
import type { RunRecord } from "./ports/run-storage.ts";
import type { Storage } from "./ports/storage.ts";
import { IN_PROGRESS, isEnded, OPEN } from "./run-state/status.ts";
import { endEvents, INFRASTRUCTURE_RETRY, resumeEvent } from "./run-state/worker-exit.ts";
import { makeRunToken, RUN_TOKEN_LIFETIME_MS } from "./run-token.ts";
import { Wake } from "./wake.ts";

export interface ComputeLoopOptions {
  storage: Storage;
  backend: ComputeBackend;
  /** Base of the run API as workers reach it, e.g. `http://127.0.0.1:3000`. */
  url: string;
  /** Signs run tokens: the setting `token_secret`. */
  tokenSecret: string;
  /** Names this process in leases. */
  owner: string;
  clock: Clock;
  /** Aborted = stop claiming; workers go on. */
  signal: AbortSignal;
  /** A fault that was survived, for the log; the loop tries again by itself. */
  onFault?: (what: string, error: unknown) => void;
  /** Time that a cancelled worker has to end by itself. Default 10 s. */
  cancelGraceMs?: number;
  /** How often a run whose worker is gone without a word goes on with a new one, before it fails. Default 0. */
  maxResumeAttempts?: number;
  /** The same for a worker that its place lost (`lost`: evicted, deleted, node gone), on a budget of its own. Default 0. */
  infrastructureRetries?: (run: RunRecord) => Promise<number>;
  /** Requests carried out at once. Default 64. */
  concurrency?: number;
}

const LEASE_MS = 60_000;
/** Wake-ups may be lost, so it also looks by itself. */
const INTERVAL_MS = 5_000;
const RETRY_MS = 1_000;
/** The delay counts from when storage has written it: looking a moment later finds it, a moment earlier would wait long. */
const RELEASE_MARGIN_MS = 250;
/** How often a launch is tried before its run fails. */
const MAX_LAUNCH_FAULTS = 3;

const LOST = "the system stopped while it ran; re-execute the run from failure";
/** Between two looks for workers that are gone and of whose end nobody told; after two it is certain. */
const LOOK_MS = 60_000;
const UNSEEN = "it is gone, and nobody saw how it ended; re-execute the run from failure";

/**
 * Runs until `signal` aborts, and resolves when what it was doing is done. To stop workers with the system, close the backend
 * first, so that their ends are still recorded. First it ends the runs that storage believes to be running but for which this backend has no
 * live worker and no launch waits: those of a system that was killed. It looks again each minute, should an end go unseen.
 */
export async function runComputeLoop(options: ComputeLoopOptions): Promise<void> {
  const { storage, backend, clock, signal } = options;
  const loop = new ComputeLoop(options);
  backend.onExit((exit) => loop.exited(exit));
  const wake = new Wake();
  const unsubscribe = storage.subscribe("compute", () => wake.up());
  try {
    await loop.reconcile();
    while (!signal.aborted) {
      await loop.lookForLost();
      const more = await loop.round();
      if (!more) await wake.wait(clock, loop.pause(), signal);
    }
    await loop.settle();
  } finally {
    unsubscribe();
  }
}

class ComputeLoop {
  readonly #o: ComputeLoopOptions;
  readonly #concurrency: number;
  /** Requests and exits being worked on. */
  readonly #busy = new Set<Promise<void>>();
  readonly #launchFaults = new Map<number, number>();
  #retryAt = Number.POSITIVE_INFINITY;
  #lookedAt: number;
  /** Run and attempt of those that had no worker at the last look. */
  #missing = new Set<string>();

  constructor(options: ComputeLoopOptions) {
    this.#o = options;
    this.#concurrency = options.concurrency ?? 64;
    this.#lookedAt = options.clock.now();
  }

  /** Claims and carries out what is there. True when there may be more at once. */
  async round(): Promise<boolean> {
    const { storage, owner, clock, signal } = this.#o;
    const free = this.#concurrency - this.#busy.size;
    if (free <= 0) {
      await Promise.race(this.#busy);
      return true;
    }
    try {
      const requests = await storage.compute.claim(owner, free, LEASE_MS);
      for (const request of requests) this.#track(this.#carryOut(request));
      return requests.length > 0;
    } catch (error) {
      this.#fault("compute requests cannot be claimed", error);
      await clock.sleep(RETRY_MS, signal);
      return true;
    }
  }

  /** How long to wait when nothing was there: until a request that was given back may be claimed again, at most. */
  pause(): number {
    const until = this.#retryAt - this.#o.clock.now();
    if (until <= 0) this.#retryAt = Number.POSITIVE_INFINITY;
    return until > 0 ? Math.min(INTERVAL_MS, until) : INTERVAL_MS;
  }

  /** A worker ended. What it reported itself stands; otherwise its run ends here, with the reason. */
  exited(exit: WorkerExit): void {
    this.#track(this.#untilDone(`the end of run ${exit.runId} cannot be recorded`, () => this.#end(exit)));
  }

  async reconcile(): Promise<void> {
    await this.#untilDone("runs of a stopped system cannot be reconciled", async () => {
      const { storage, backend, owner } = this.#o;
      // The runs first: one that a daemon takes from the queue meanwhile is then not among them, or has its request in `waiting`.
      const runs = await runsInProgress(storage);
      const requests = await storage.compute.takeOver(owner);
      const waiting = new Map(requests.map(({ id, runId }) => [runId, id]));
      const live = new Map((await backend.live()).map(({ runId, attempt }) => [runId, attempt]));
      for (const run of runs) {
        const request = waiting.get(run.runId);
        // Launched, and the system was killed before it could say so: another launch would only put an end to this worker.
        if (request !== undefined && live.get(run.runId) === run.attempt) await storage.compute.done(request);
        if (live.has(run.runId)) continue;
        // It has not begun: its launch is carried out as if nothing had happened.
        if (request !== undefined && run.status !== "STARTED") continue;
        await this.#endLost(run, LOST);
      }
    });
  }

  async lookForLost(): Promise<void> {
    const { storage, backend, clock } = this.#o;
    const since = clock.now() - this.#lookedAt;
    // Negative: the clock was set back.
    if (since >= 0 && since < LOOK_MS) return;
    this.#lookedAt = clock.now();
    try {
      const nameOf = ({ runId, attempt }: { runId: string; attempt: number }) => `${runId} ${attempt}`;
      // The runs first: each of them without a waiting launch has a worker by now, or has had one.
      const runs = await storage.runs.underWay();
      const live = new Set((await backend.live()).map(nameOf));
      const missing = runs.filter((run) => !run.launchWaits && !live.has(nameOf(run)));
      const before = this.#missing;
      this.#missing = new Set(missing.map(nameOf));
      for (const run of missing)
        if (before.has(nameOf(run)))
          this.#track(
            this.#untilDone(`run ${run.runId}, which has no worker, cannot be helped`, () =>
              this.#launchOrEnd(run),
            ),
          );
    } catch (error) {
      this.#fault("runs cannot be compared with their workers", error);
    }
  }

  /** One that never had a worker has lost nothing. */
  async #launchOrEnd({ runId, attempt }: RunUnderWay): Promise<void> {
    const { storage, clock } = this.#o;
    const message = "Nobody was launching this run: its launch is asked for again.";
    const event: RunEvent = { type: "ENGINE_EVENT", ts: clock.now(), level: "WARNING", message };
    if (attempt === 0 && (await storage.runs.resume({ runId, attempt }, event))) return;
    await this.#endLost({ runId, attempt }, UNSEEN);
  }

  async #endLost({ runId, attempt }: Pick<RunRecord, "runId" | "attempt">, message: string): Promise<void> {
    const { backend, url } = this.#o;
    try {
      await backend.recover?.({ runId, url, token: this.#token(runId, attempt) });
    } catch (error) {
      // The run still has to end; what could not be sent is then only missing from its log.
      this.#fault(`the last events of run ${runId} cannot be recovered`, error);
    }
    await this.#end({ runId, attempt, reason: "lost", message });
  }

  async settle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy);
  }

  async #carryOut(request: ComputeRequest): Promise<void> {
    const { storage } = this.#o;
    try {
      if (request.kind === "launch") await this.#launch(request);
      else await this.#cancel(request);
      this.#launchFaults.delete(request.id);
      await storage.compute.done(request.id);
    } catch (error) {
      this.#fault(`request to ${request.kind} run ${request.runId} failed`, error);
      await this.#giveBack(request, error);
    }
  }

  async #launch({ runId, location, attempt, codeVersion }: ComputeRequest): Promise<void> {
    const { storage, backend, url } = this.#o;
    const run = await storage.runs.get(runId);
    // Cancelled or deleted while the request waited.
    if (!run || isEnded(run.status)) return;
    if (run.status === "CANCELING")
      return this.#end({ runId, attempt, reason: "killed", message: "it was not started any more" });
    const token = this.#token(runId, attempt);
    await backend.launch({ runId, location, attempt, codeVersion, url, token });
  }

  #token(runId: string, attempt: number): string {
    const { tokenSecret, clock } = this.#o;
    return makeRunToken(tokenSecret, { runId, attempt, expiresAt: clock.now() + RUN_TOKEN_LIFETIME_MS });
  }

  async #cancel({ runId }: ComputeRequest): Promise<void> {
    const { storage, backend, cancelGraceMs } = this.#o;
    await backend.cancel(runId, cancelGraceMs ?? 10_000);
    // With no worker there is no exit to come that would end the run.
    if ((await backend.live()).some((worker) => worker.runId === runId)) return;
    const run = await storage.runs.get(runId);
    if (run?.status === "CANCELING") await this.#report(run, { reason: "killed", message: "there was none" });
  }

  async #giveBack(request: ComputeRequest, error: unknown): Promise<void> {
    const { storage, clock } = this.#o;
    const faults = (this.#launchFaults.get(request.id) ?? 0) + 1;
    this.#launchFaults.set(request.id, faults);
    try {
      if (request.kind === "launch" && faults >= MAX_LAUNCH_FAULTS) {
        const { runId, attempt } = request;
        await this.#end({ runId, attempt, reason: "start_failed", message: messageOf(error) });
        await storage.compute.done(request.id);
        this.#launchFaults.delete(request.id);
      } else {
        const delay = RETRY_MS * faults;
        this.#retryAt = Math.min(this.#retryAt, clock.now() + delay + RELEASE_MARGIN_MS);
        await storage.compute.release(request.id, delay);
      }
    } catch (again) {
      // The lease runs out, and then the request is claimed again.
      this.#fault(`request to ${request.kind} run ${request.runId} cannot be given back`, again);
    }
  }

  async #end(exit: WorkerExit): Promise<void> {
    const run = await this.#o.storage.runs.get(exit.runId);
    // A newer attempt has taken over: the old worker's end says nothing about the run.
    if (!run || isEnded(run.status) || run.attempt > exit.attempt) return;
    if (await this.#resumed(run, exit)) return;
    await this.#report(run, exit);
  }

  /** The next attempt fences this one, and does not repeat the steps that it ended well. */
  async #resumed(run: RunRecord, exit: WorkerExit): Promise<boolean> {
    const { storage, clock, maxResumeAttempts = 0, infrastructureRetries } = this.#o;
    const { runId, status, attempt } = run;
    if (exit.reason === "start_failed" || status === "CANCELING") return false;
    const next = (event: RunEvent) => storage.runs.resume({ runId, attempt }, event);
    if (exit.reason === "lost" && infrastructureRetries) {
      const max = await infrastructureRetries(run);
      const number = max > 0 ? (await infrastructureRetriesOf(storage, runId)) + 1 : 1;
      if (number <= max) return next(resumeEvent(exit, INFRASTRUCTURE_RETRY, { number, max }, clock.now()));
    }
    if (attempt > maxResumeAttempts) return false;
    return next(resumeEvent(exit, "WorkerExit", { number: attempt, max: maxResumeAttempts }, clock.now()));
  }

  async #report(run: RunRecord, exit: Pick<WorkerExit, "reason" | "message">): Promise<void> {
    const { storage, clock } = this.#o;
    const steps = (await storage.runs.steps(run.runId)).filter((step) => step.status === "IN_PROGRESS");
    const events = endEvents(
      run,
      exit,
      steps.map((step) => step.stepKey),
      clock.now(),
    );
    try {
      // Its exit and its cancel may both be seen: an end that came meanwhile is the only one.
      await storage.events.report(run.runId, events, { statuses: OPEN });
    } catch (error) {
      if (!(error instanceof NotFound || error instanceof Conflict)) throw error;
    }
  }

  /** Storage may be away when a worker ends, and nobody tells of it a second time. */
  async #untilDone(what: string, work: () => Promise<void>): Promise<void> {
    const { clock, signal } = this.#o;
    for (let wait = RETRY_MS; ; wait = Math.min(wait * 2, 30_000)) {
      try {
        return await work();
      } catch (error) {
        this.#fault(what, error);
        if (signal.aborted) return;
        await clock.sleep(wait, signal);
      }
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#busy.delete(tracked));
    this.#busy.add(tracked);
  }

  #fault(what: string, error: unknown): void {
    this.#o.onFault?.(what, error);
  }
}

/** Runs that need a worker, oldest first. */
async function runsInProgress(storage: Storage): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await storage.runs.list(
      { statuses: [...IN_PROGRESS] },
      { limit: 500, cursor, ascending: true },
    );
    runs.push(...page);
    cursor = page.at(-1)?.runId;
    if (page.length < 500) return runs;
  }
}

/** Counted from the run's own log, so that no other reason for a new attempt uses them up. */
async function infrastructureRetriesOf(storage: Storage, runId: string): Promise<number> {
  let count = 0;
  for (let after: number | undefined; ; ) {
    const page = await storage.events.list(runId, { types: ["ENGINE_EVENT"], limit: 500, after });
    count += page.filter(
      ({ event }) => event.type === "ENGINE_EVENT" && event.error?.name === INFRASTRUCTURE_RETRY,
    ).length;
    after = page.at(-1)?.id;
    if (page.length < 500) return count;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
