/** A run's events as they come: first what happened, then what happens, each once and in order, until the run has ended. */
import { isEnded } from "@dagster-operator/engine";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import { DagsterRunEvent } from "./event.ts";
import { type EventModel, Run, type RunModel, runModel } from "./refs.ts";
import { afterOf, eventPage, MAX_EVENTS } from "./run.ts";

interface Success {
  __typename: "PipelineRunLogsSubscriptionSuccess";
  run: RunModel;
  messages: EventModel[];
  hasMorePastEvents: boolean;
  cursor: string;
}
interface Failure {
  __typename: "PipelineRunLogsSubscriptionFailure";
  message: string;
  missingRunId: string | null;
}
const SuccessRef = builder.objectRef<Success>("PipelineRunLogsSubscriptionSuccess").implement({
  fields: (t) => ({
    run: t.expose("run", { type: Run }),
    messages: t.expose("messages", { type: [DagsterRunEvent] }),
    hasMorePastEvents: t.exposeBoolean("hasMorePastEvents"),
    cursor: t.exposeString("cursor", {
      description: "Subscribe again with it to go on exactly after these messages.",
    }),
  }),
});
const FailureRef = builder.objectRef<Failure>("PipelineRunLogsSubscriptionFailure").implement({
  fields: (t) => ({
    message: t.exposeString("message"),
    missingRunId: t.exposeString("missingRunId", { nullable: true }),
  }),
});
const Payload = builder.unionType("PipelineRunLogsSubscriptionPayload", {
  types: [SuccessRef, FailureRef],
  resolveType: byTypename,
});

/** Wake-ups come after each commit; waiting this long gathers a burst of them into one message. */
const BATCH_MS = 50;
/** Wake-ups are lost while the database is away. */
const RECHECK_MS = 5_000;

async function* runLogs(
  ctx: Context,
  runId: string,
  cursor: string | null | undefined,
): AsyncGenerator<Success | Failure> {
  if (!(await ctx.storage.runs.get(runId))) {
    yield {
      __typename: "PipelineRunLogsSubscriptionFailure",
      message: `Run ${runId} does not exist.`,
      missingRunId: runId,
    };
    return;
  }
  let wake = new AbortController();
  const unsubscribe = ctx.storage.subscribe("run", (id) => {
    if (id === runId || id === "") wake.abort();
  });
  let after = String(afterOf(cursor));
  try {
    while (!ctx.closing.aborted) {
      // The controller is changed before the read: what is committed after it wakes the next wait.
      const waiting = new AbortController();
      wake = waiting;
      // Status before events: a run that had ended then has all its events in this page or the next.
      const run = await ctx.storage.runs.get(runId);
      if (!run) return;
      const page = await eventPage(ctx.storage.events, runId, after, MAX_EVENTS);
      if (page.events.length > 0) {
        after = page.cursor;
        yield {
          __typename: "PipelineRunLogsSubscriptionSuccess",
          run: runModel(run),
          messages: page.events,
          hasMorePastEvents: page.hasMore,
          cursor: page.cursor,
        };
      }
      if (page.hasMore) continue;
      if (isEnded(run.status)) return;
      await ctx.clock.sleep(RECHECK_MS, AbortSignal.any([waiting.signal, ctx.closing]));
      if (!ctx.closing.aborted) await ctx.clock.sleep(BATCH_MS);
    }
  } finally {
    unsubscribe();
  }
}

builder.subscriptionFields((t) => ({
  pipelineRunLogs: t.field({
    type: Payload,
    args: { runId: t.arg.id({ required: true }), cursor: t.arg.string() },
    subscribe: (_root, { runId, cursor }, ctx) => runLogs(ctx, String(runId), cursor),
    resolve: (payload) => payload as Success | Failure,
  }),
}));
