/** What a webhook is sent, and how it is signed. Pure. */
import { createHmac } from "node:crypto";
import type { Notice } from "../ports/notices.ts";
import type { RunRecord } from "../ports/run-storage.ts";

/**
 * `webhook-id` is the same for every try of one delivery; `webhook-signature` is `v1=` and the HMAC-SHA256 in hex of
 * `<webhook-timestamp>.<body>`, absent without a secret.
 */
export function webhookMessage(
  notice: Notice,
  run: RunRecord | null,
  { secret, now }: { secret: string | null; now: number },
): { body: string; headers: Record<string, string> } {
  const id = `${notice.target}:${notice.eventId}`;
  const body = JSON.stringify({
    id,
    type: notice.eventType.toLowerCase(),
    time: new Date(notice.eventTs).toISOString(),
    run: run
      ? {
          runId: run.runId,
          jobName: run.job,
          location: run.location,
          status: run.status,
          partition: run.partition,
          assets: run.assets ?? run.plannedAssets,
          tags: run.tags,
          parentRunId: run.parentRunId,
          rootRunId: run.rootRunId,
          startTime: iso(run.startedAt),
          endTime: iso(run.endedAt),
          error: run.error ? { name: run.error.name, message: run.error.message } : null,
        }
      : { runId: notice.runId },
  });
  const timestamp = String(Math.floor(now / 1000));
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "user-agent": "dagster-operator",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
  };
  if (secret !== null)
    headers["webhook-signature"] =
      `v1=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
  return { body, headers };
}

/** Milliseconds until try `n + 1`, from 1: 1 s, doubled up to an hour, and up to a fifth more by `random`. */
export function webhookDelay(n: number, random: () => number = Math.random): number {
  return Math.min(3_600_000, 1000 * 2 ** Math.min(n - 1, 20)) * (1 + random() / 5);
}

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
