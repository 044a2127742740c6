import type { Clock, Storage } from "@dagster-operator/engine";

/** Wake-ups are lost while the database is away. */
const RECHECK_MS = 2_000;

/** Reads when something of the run has changed, until what was read is `enough`, `ms` are over or `signal` aborts; the last it read. */
export async function waitForChange<T>(of: {
  storage: Storage;
  clock: Clock;
  runId: string;
  read: () => Promise<T>;
  enough: (read: T) => boolean;
  ms: number;
  signal: AbortSignal;
}): Promise<T> {
  const until = of.clock.now() + of.ms;
  let wake = new AbortController();
  const unsubscribe = of.storage.subscribe("run", (id) => {
    if (id === of.runId || id === "") wake.abort();
  });
  try {
    for (;;) {
      const waiting = new AbortController();
      wake = waiting;
      const read = await of.read();
      const left = until - of.clock.now();
      if (of.enough(read) || left <= 0 || of.signal.aborted) return read;
      await of.clock.sleep(Math.min(left, RECHECK_MS), AbortSignal.any([waiting.signal, of.signal]));
    }
  } finally {
    unsubscribe();
  }
}
