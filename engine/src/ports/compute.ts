/** Work for a compute backend, as rows: whoever claims a row does it, and an expired claim is claimed again. */
export interface ComputeRequest {
  id: number;
  kind: "launch" | "cancel";
  runId: string;
  location: string;
  /** For `launch`: which attempt this is. */
  attempt: number;
  /** For `launch`: image or code version pinned at submit. */
  codeVersion: string | null;
}

export interface ComputeRequests {
  /** Leases up to `max` open requests. `launch` raises the run's attempt, so an older worker is fenced from here on. */
  claim(owner: string, max: number, leaseMs: number): Promise<ComputeRequest[]>;
  /**
   * Frees the leases that other owners hold, and returns the open `launch` requests. For a backend's one loop when it starts:
   * whoever held them is gone.
   */
  takeOver(owner: string): Promise<{ id: number; runId: string }[]>;
  /** Asks the backend to stop what is left of a run's worker, whatever the run's status is. */
  requestCancel(runId: string): Promise<void>;
  done(id: number): Promise<void>;
  /** Gives it back, to be claimed again after `delayMs`. */
  release(id: number, delayMs: number): Promise<void>;
}

/** How a worker ended, as the backend saw it. */
export interface WorkerExit {
  runId: string;
  attempt: number;
  /** `completed` = it said that it was done (exit 0). */
  reason: "completed" | "crashed" | "killed" | "oom" | "lost" | "start_failed";
  /** What to tell a person: signal or exit code and the last lines of stderr. */
  message: string;
}

/** A place where runs run: child processes here, Kubernetes Jobs in the cluster. One contract suite for both. */
export interface ComputeBackend {
  /** Starts the worker; resolves when it is started, not when it is done. Idempotent by (runId, attempt). */
  launch(request: {
    runId: string;
    location: string;
    attempt: number;
    codeVersion: string | null;
    url: string;
    token: string;
  }): Promise<void>;
  /** Asks it to stop (it reports RUN_CANCELED), and kills it after `graceMs`. No worker: resolves. */
  cancel(runId: string, graceMs: number): Promise<void>;
  /** Called once for every worker that ends. */
  onExit(handler: (exit: WorkerExit) => void): void;
  /**
   * Sends what a worker that is gone had not sent, where this backend can still reach it. The compute loop asks before it
   * ends a run whose worker was lost with the system: what the worker had finished counts.
   */
  recover?(run: { runId: string; url: string; token: string }): Promise<void>;
  /** Runs with a live worker of this backend. */
  live(): Promise<{ runId: string; attempt: number }[]>;
  close(): Promise<void>;
}
