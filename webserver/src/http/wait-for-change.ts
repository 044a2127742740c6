import type { Clock, Storage } from "@dagster-operator/engine";
import type { RunStatus } from "@dagster-operator/sdk/internal";

/** Wake-ups are lost while the database is away. */
const RECHECK_MS = 2_000;

/** Resolves with the run's status once it is no longer `from`, or after `ms`, or when `signal` aborts. */
export async function waitForChange(of: {
  storage: Storage;
  clock: Clock;
  runId: string;
  from: RunStatus;
  ms: number;
  signal: AbortSignal;
}): Promise<RunStatus> {
  const until = of.clock.now() + of.ms;
  let wake = new AbortController();
  const unsubscribe = of.storage.subscribe("run", (id) => {
    if (id === of.runId || id === "") wake.abort();
  });
  try {
    for (;;) {
      const waiting = new AbortController();
      wake = waiting;
      const status = (await of.storage.runs.get(of.runId))?.status ?? of.from;
      const left = until - of.clock.now();
      if (status !== of.from || left <= 0 || of.signal.aborted) return status;
      await of.clock.sleep(Math.min(left, RECHECK_MS), AbortSignal.any([waiting.signal, of.signal]));
    }
  } finally {
    unsubscribe();
  }
}
