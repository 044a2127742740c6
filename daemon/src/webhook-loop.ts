import {
  type Clock,
  type Notice,
  type Storage,
  type Webhook,
  webhookDelay,
  webhookMessage,
} from "@dagster-operator/engine";
import type { Logger } from "pino";
import type { RunningLoop } from "./instigator-loop.ts";
import { Loop } from "./loop.ts";
import type { DaemonMetrics } from "./metrics.ts";

export interface WebhookLoopOptions {
  storage: Storage;
  clock: Clock;
  log: Logger;
  metrics: DaemonMetrics;
  owner: string;
  webhooks: Webhook[];
}

/** Each has a cursor of its own, which begins when it is first seen. */
const loopOf = ({ name }: Webhook) => `webhook:${name}`;
const INTERVAL_MS = 2_000;
const BATCH = 20;
/** Longer than any answer is waited for. */
const LEASE_MS = 120_000;

/**
 * Tells each webhook of the events that it wants, until it answers with 2xx: at least once for each event, with the same id
 * every time. A webhook that is new is told of what comes from then on.
 */
export function webhookLoop(options: WebhookLoopOptions): RunningLoop {
  const { storage, clock, log, metrics, owner, webhooks } = options;
  const tell = async (webhook: Webhook): Promise<void> => {
    const loop = loopOf(webhook);
    while ((await storage.notices.collect(loop, webhook.events, [webhook.name], BATCH)) === BATCH);
    for (let full = true; full; ) {
      const notices = await storage.notices.claim(loop, owner, BATCH, LEASE_MS);
      full = notices.length === BATCH;
      await Promise.all(notices.map((notice) => deliver(options, webhook, notice)));
    }
  };
  // A slow one holds up none of the others.
  const iterate = async (): Promise<number> => {
    await Promise.all(webhooks.map(tell));
    return INTERVAL_MS;
  };
  const onFault = () => metrics.faults.inc({ loop: "webhooks" });
  return { loop: new Loop({ name: "webhooks", clock, log, iterate, onFault }), stop: async () => undefined };
}

async function deliver(
  { storage, clock, log, metrics }: WebhookLoopOptions,
  webhook: Webhook,
  notice: Notice,
): Promise<void> {
  const { id, runId, tries } = notice;
  const run = await storage.runs.get(runId);
  if (webhook.jobs.length > 0 && !(run && webhook.jobs.includes(run.job)))
    return storage.notices.end(id, "it is a run of another job");
  const { body, headers } = webhookMessage(notice, run, { secret: webhook.secret, now: clock.now() });
  const fault = await post(webhook, headers, body);
  if (fault === null) {
    metrics.webhooks.inc({ outcome: "delivered" });
    return storage.notices.end(id);
  }
  const last = tries >= webhook.maxTries;
  metrics.webhooks.inc({ outcome: last ? "given_up" : "failed" });
  log.warn(
    { webhook: webhook.name, runId, tries },
    `webhook ${webhook.name} was not told of run ${runId}: ${fault}${last ? "; it is given up" : ""}`,
  );
  if (last)
    return storage.notices.end(id, `given up after ${tries} ${tries === 1 ? "try" : "tries"}: ${fault}`);
  return storage.notices.later(id, webhookDelay(tries), fault);
}

/** null = it was taken. */
async function post(
  { url, timeoutMs }: Webhook,
  headers: Record<string, string>,
  body: string,
): Promise<string | null> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    // A redirect would take the signed body to somebody that nobody named.
    const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
    await response.body?.cancel();
    return response.ok ? null : `it answered ${response.status}`;
  } catch (error) {
    const { name, message, cause } = error as {
      name: string;
      message: string;
      cause?: NodeJS.ErrnoException;
    };
    if (name === "TimeoutError") return `no answer within ${timeoutMs / 1000} s`;
    return cause?.message || cause?.code || message;
  }
}
