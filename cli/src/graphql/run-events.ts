/** The events of a run, as they come. */
import { Unavailable } from "@dagster-operator/engine";
import type { Client } from "./client.ts";
import { ERRORS, good, type Union } from "./outcome.ts";

export interface RunMessage {
  __typename: string;
  message: string;
  /** Milliseconds since the epoch, as text. */
  timestamp: string;
  level: string;
  stepKey: string | null;
  eventType: string | null;
  error?: GraphqlError | null;
  assetKey?: { path: string[] } | null;
  partition?: string | null;
}
export interface GraphqlError {
  message: string;
  stack: string[];
  cause?: GraphqlError | null;
}

const MESSAGE = `
  __typename
  ... on MessageEvent { message timestamp level stepKey eventType }
  ... on ErrorEvent { error { message stack cause { message stack } } }
  ... on MaterializationEvent { assetKey { path } partition }
`;
export const FOLLOW = `subscription Follow($runId: ID!, $cursor: String) {
  pipelineRunLogs(runId: $runId, cursor: $cursor) {
    __typename
    ... on PipelineRunLogsSubscriptionSuccess { cursor messages { ${MESSAGE} } }
    ... on PipelineRunLogsSubscriptionFailure { message missingRunId }
  }
}`;
export const EVENTS = `query Events($runId: ID!, $cursor: String, $limit: Int) {
  logsForRun(runId: $runId, afterCursor: $cursor, limit: $limit) {
    __typename
    ... on EventConnection { cursor hasMore events { ${MESSAGE} } }
    ${ERRORS}
  }
}`;

/** All events so far, page by page. @throws NotFound */
export async function* pastEvents(client: Client, runId: string): AsyncGenerator<RunMessage[]> {
  for (let cursor: string | null = null; ; ) {
    const answer: { logsForRun: Union & { cursor: string; hasMore: boolean; events: RunMessage[] } } =
      await client.query(EVENTS, { runId, cursor, limit: 1000 });
    const page = good(answer.logsForRun, "EventConnection");
    if (page.events.length > 0) yield page.events;
    if (!page.hasMore) return;
    cursor = page.cursor;
  }
}

const LAST = new Set([
  "RUN_SUCCESS",
  "RUN_FAILURE",
  "RUN_CANCELED",
  "PIPELINE_SUCCESS",
  "PIPELINE_FAILURE",
  "PIPELINE_CANCELED",
]);
const RETRIES = 8;

interface Followed {
  pipelineRunLogs: Union & { cursor: string; messages: RunMessage[] };
}

/**
 * Past events, then live ones until the run ends. A stream that breaks is taken up again where it broke, for about half a minute.
 * @throws NotFound · Unavailable
 */
export async function* followEvents(
  client: Client,
  runId: string,
  signal: AbortSignal,
): AsyncGenerator<RunMessage[]> {
  let cursor: string | null = null;
  let ended = false;
  for (let failures = 0; !ended && !signal.aborted; ) {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    try {
      const stream: AsyncGenerator<Followed> = client.subscribe(FOLLOW, { runId, cursor }, both);
      for await (const { pipelineRunLogs } of stream) {
        const { messages, cursor: next } = good(pipelineRunLogs, "PipelineRunLogsSubscriptionSuccess");
        failures = 0;
        cursor = next;
        if (messages.length > 0) yield messages;
        ended = messages.some((message) => message.eventType !== null && LAST.has(message.eventType));
        if (ended) break;
      }
      if (!ended) return;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Unavailable) || ++failures > RETRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** Math.min(failures, 5)));
    } finally {
      stop.abort();
    }
  }
}
