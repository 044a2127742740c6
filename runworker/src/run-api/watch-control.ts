import { type Clock, type Control, Unavailable } from "@dagster-operator/engine";
import { backoff, type RunApiClient } from "./run-api-client.ts";

const WAIT_SECONDS = 25;

export function hasEnded(status: Control["status"]): boolean {
  return status === "SUCCESS" || status === "FAILURE" || status === "CANCELED";
}

/** Asks the run API, over and over until `signal` aborts, what is wanted of this run. @throws Fenced */
export async function watchControl(
  api: RunApiClient,
  clock: Clock,
  signal: AbortSignal,
  onControl: (control: Control) => void,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      const control = await api.control(WAIT_SECONDS, signal);
      failures = 0;
      if (signal.aborted) return;
      onControl(control);
      // From here on the answer comes at once and says nothing new.
      if (control.cancel || hasEnded(control.status)) return;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Unavailable)) throw error;
      failures += 1;
      await clock.sleep(backoff(failures), signal);
    }
  }
}
