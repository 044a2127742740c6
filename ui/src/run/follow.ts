import { send } from "../graphql/client.ts";
import { RunLogs, RunLogsPage, type RunLogsPageResult } from "../graphql/generated/operations.ts";
import { subscribe } from "../graphql/subscribe.ts";
import type { EventStore } from "./event-store.ts";

/**
 * Fills `store` with the run's events until the run is over or `signal` aborts: by the subscription, from the last
 * cursor again after a cut; after three cuts without an event in between by polling, for proxies that hold streams back.
 */
export async function follow(
  runId: string,
  store: EventStore,
  isOver: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  let cursor: string | null = null;
  let cuts = 0;
  while (!signal.aborted) {
    try {
      if (cuts < 3) {
        for await (const { pipelineRunLogs: batch } of subscribe(RunLogs, { runId, cursor }, signal)) {
          if (batch.__typename === "PipelineRunLogsSubscriptionFailure") throw new Error(batch.message);
          cuts = 0;
          cursor = batch.cursor;
          store.problem = null;
          store.caughtUp = !batch.hasMorePastEvents;
          store.append(batch.messages);
        }
        store.caughtUp = true;
        store.changed();
        if (isOver()) break;
        await pause(1000, signal);
      } else {
        const { logsForRun: page }: RunLogsPageResult = await send(
          RunLogsPage,
          { runId, cursor, limit: 1000 },
          signal,
        );
        if (page.__typename !== "EventConnection")
          throw new Error("message" in page ? page.message : "The events cannot be read.");
        cursor = page.cursor;
        store.problem = null;
        store.caughtUp = !page.hasMore;
        store.append(page.events);
        if (!page.hasMore) {
          if (isOver()) break;
          await pause(1500, signal);
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      cuts++;
      store.problem = error instanceof Error ? error.message : String(error);
      store.changed();
      await pause(Math.min(15_000, 500 * 2 ** Math.min(cuts, 5)), signal);
    }
  }
  store.ended = true;
  store.changed();
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
