/** Who is told of runs: `webhooks` of `dagster.yaml`. */

export const WEBHOOK_EVENTS = ["RUN_START", "RUN_SUCCESS", "RUN_FAILURE", "RUN_CANCELED"] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

export interface Webhook {
  /** Names it in deliveries and logs. */
  name: string;
  url: string;
  /** Key of the signature; null = not signed. */
  secret: string | null;
  events: WebhookEvent[];
  /** Only runs of these jobs; empty = of all. */
  jobs: string[];
  /** An answer must have come after this long (ms). */
  timeoutMs: number;
  /** Tries before it is given up. */
  maxTries: number;
}
