import type { PostEventsReply } from "@dagster-operator/engine";
import { type Clock, type Control, Unavailable } from "@dagster-operator/engine";
import type { RunEvent } from "@dagster-operator/sdk/internal";
import { backoff, Fenced } from "../run-api/run-api-client.ts";
import type { Outbox } from "./outbox.ts";

const MAX_EVENTS = 500;
const MAX_BYTES = 4 * 1024 * 1024;
const IDLE_MS = 25;

/** The run API was away for longer than the worker waits. What was not accepted lies in the spool. */
export class GaveUp extends Error {
  override name = "GaveUp";
}

export interface EventSenderOptions {
  producer: string;
  outbox: Outbox;
  post: (producer: string, lines: string[]) => Promise<PostEventsReply>;
  giveUpMs: number;
  clock: Clock;
  /** Called with each reply's view of the run. */
  onControl: (control: Control) => void;
  /** Called once, when no event can be sent any more: Fenced, GaveUp, or a bug. */
  onStop: (error: unknown) => void;
  random?: () => number;
}

/** Sends events in order, one batch in flight: at most 500 events, or whatever came within 25 ms. */
export class EventSender {
  readonly #options: EventSenderOptions;
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  #away = false;
  #onAway: (() => void) | null = null;
  #stopped: { error: unknown } | null = null;

  constructor(options: EventSenderOptions) {
    this.#options = options;
  }

  emit(event: RunEvent): void {
    this.#options.outbox.push(event);
    // What comes after giving up is for the spool, and for the next worker of this run to send.
    if (this.#stopped !== null) return;
    if (this.#sending !== null || this.#away) {
      if (this.#away) this.#timer ??= setTimeout(() => this.#sync(), IDLE_MS);
    } else if (this.#options.outbox.size >= MAX_EVENTS) {
      void this.#start();
    } else {
      this.#timer ??= setTimeout(() => void this.#start(), IDLE_MS);
    }
  }

  /** Resolves when everything emitted so far is accepted. Rejects with what stopped the sender. */
  async flush(): Promise<void> {
    while (this.#stopped === null && this.#options.outbox.size > 0) await this.#start();
    if (this.#stopped !== null) throw this.#stopped.error;
  }

  /** Resolves when everything emitted so far is accepted, or cannot be for now: the run API is away, or sending has stopped. */
  async offer(): Promise<void> {
    while (this.#stopped === null && !this.#away && this.#options.outbox.size > 0) {
      const away = new Promise<void>((resolve) => {
        this.#onAway = resolve;
      });
      await Promise.race([this.#start(), away]);
    }
  }

  /** Makes what is not accepted durable, for the next worker of this run; of a fenced worker nobody wants it. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const { outbox } = this.#options;
    if (this.#stopped?.error instanceof Fenced) outbox.discard();
    else outbox.sync();
    outbox.close();
  }

  #sync(): void {
    this.#timer = null;
    this.#options.outbox.sync();
  }

  #start(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sending ??= this.#drain()
      .catch((error: unknown) => {
        this.#stopped = { error };
        this.#options.onStop(error);
      })
      .finally(() => {
        this.#sending = null;
      });
    return this.#sending;
  }

  async #drain(): Promise<void> {
    const { outbox, producer, post, onControl } = this.#options;
    let failures = 0;
    let awaySince: number | null = null;
    while (outbox.size > 0) {
      const { from, lines } = outbox.peek(MAX_EVENTS, MAX_BYTES);
      try {
        const reply = await post(producer, lines);
        if (reply.acceptedThrough < from)
          throw new Unavailable(`the run API stored nothing of events ${from} to ${from + lines.length - 1}`);
        outbox.ack(reply.acceptedThrough);
        failures = 0;
        awaySince = null;
        this.#away = false;
        onControl(reply);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        awaySince = await this.#wait(error, awaySince, ++failures);
      }
    }
  }

  async #wait(error: Unavailable, awaySince: number | null, failures: number): Promise<number> {
    const { clock, giveUpMs, outbox, random } = this.#options;
    const since = awaySince ?? clock.now();
    this.#away = true;
    this.#onAway?.();
    outbox.sync();
    if (clock.now() - since >= giveUpMs) {
      throw new GaveUp(
        `gave up after ${Math.round(giveUpMs / 1000)} s; ${outbox.size} events stay in the spool: ${error.message}`,
        { cause: error },
      );
    }
    await clock.sleep(backoff(failures, random));
    return since;
  }
}
