import {
  type Clock,
  type HeldSlots,
  type SlotRequest,
  systemClock,
  Unavailable,
} from "@dagster-operator/engine";
import type { PoolSlots } from "@dagster-operator/sdk/internal";
import { backoff } from "../run-api/run-api-client.ts";

const WAIT_SECONDS = 25;

export interface PoolSlotsOptions {
  /** One try; answers early when one of them is held. @throws Unavailable · Fenced */
  ask: (slots: SlotRequest[], waitSeconds: number, signal: AbortSignal) => Promise<HeldSlots>;
  /** Everything emitted so far is stored: the end of a try frees its slot, so that must not come after the next try's question. */
  flush: () => Promise<void>;
  clock?: Clock;
}

interface Wanted {
  slot: SlotRequest;
  held: () => void;
  fail: (error: unknown) => void;
  waits: () => void;
  told: boolean;
}

/** Slots of pools by the run API: however many steps wait, one question is open for all of them. */
export class RunPoolSlots implements PoolSlots {
  readonly #options: Required<PoolSlotsOptions>;
  readonly #wanted = new Map<string, Wanted>();
  /** Aborts the open question, because there is more to ask for. */
  #open: AbortController | null = null;
  #asking = false;

  constructor(options: PoolSlotsOptions) {
    this.#options = { clock: systemClock, ...options };
  }

  async take(step: SlotRequest & { attempt: number }, waits: () => void, signal: AbortSignal): Promise<void> {
    if (step.attempt > 1) await this.#options.flush();
    if (signal.aborted) return;
    const { stepKey, pool, priority } = step;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const give = () => {
      this.#wanted.delete(stepKey);
      resolve();
      if (this.#wanted.size === 0) this.#open?.abort();
    };
    signal.addEventListener("abort", give, { once: true });
    const slot = { stepKey, pool, priority: Math.trunc(priority) };
    this.#wanted.set(stepKey, { slot, held: resolve, fail: reject, waits, told: false });
    this.#open?.abort();
    if (!this.#asking) void this.#run();
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", give);
    }
  }

  /** Asks until nobody wants anything. */
  async #run(): Promise<void> {
    const { ask, clock } = this.#options;
    this.#asking = true;
    for (let failures = 0; this.#wanted.size > 0; ) {
      // Steps that can start at the same moment are asked for together.
      await Promise.resolve();
      const open = new AbortController();
      this.#open = open;
      const asked = [...this.#wanted.values()];
      const wait = asked.every(({ told }) => told) ? WAIT_SECONDS : 0;
      try {
        const slots = asked.map(({ slot }) => slot);
        const held = new Set((await ask(slots, wait, open.signal)).held);
        failures = 0;
        for (const wanted of asked) this.#answer(wanted, held.has(wanted.slot.stepKey));
      } catch (error) {
        if (open.signal.aborted) continue;
        if (!(error instanceof Unavailable)) {
          for (const { slot, fail } of asked) {
            this.#wanted.delete(slot.stepKey);
            fail(error);
          }
          continue;
        }
        failures += 1;
        await clock.sleep(backoff(failures), open.signal);
      }
    }
    this.#open = null;
    this.#asking = false;
  }

  #answer(wanted: Wanted, isHeld: boolean): void {
    const { stepKey } = wanted.slot;
    if (this.#wanted.get(stepKey) !== wanted) return;
    if (isHeld) {
      this.#wanted.delete(stepKey);
      wanted.held();
    } else if (!wanted.told) {
      wanted.told = true;
      wanted.waits();
    }
  }
}
