import type { Clock } from "@dagster-operator/engine";

/** `done`; `taken`: another has it, for now; `later`: it could not be done. */
export type Outcome = "done" | "taken" | "later";

export interface Work {
  key: string;
  /** It asks no user code: storage alone is at work. */
  light: boolean;
  /** A rejection counts as `later`. `next`: what is left to do holds no other key's work back. */
  run: (next: () => void) => Promise<Outcome>;
  onFault: (error: unknown) => void;
}

const SHORTLY_MS = 1000;
const MAX_WAIT_MS = 60_000;
/** Of an evaluation that takes long; so at most timeout / this times `width` are under way. */
const PATIENCE_MS = 5_000;
/** So many share the statements of a turn. */
const LIGHT_WIDTH = 200;

/**
 * Work by key: one at a time for each key, and at most `width` at once, or many of what is light; the rest waits. What takes
 * longer than a moment holds no other key's work back any more: one code location that hangs must not stop the others. A key
 * that could not be done waits longer and longer.
 */
export class Lanes {
  readonly #clock: Clock;
  readonly #width: number;
  #waiting: Work[] = [];
  readonly #running = new Map<string, Promise<void>>();
  /** Of those that run, how many hold others back. */
  readonly #holding = { light: 0, heavy: 0 };
  /** Keys of which something ended since somebody began to look. */
  readonly #ended = new Set<string>();
  readonly #faults = new Map<string, { count: number; until: number }>();
  /** Called when work has ended. */
  readonly #freed: () => void;

  constructor(clock: Clock, width: number, freed: () => void) {
    this.#clock = clock;
    this.#width = width;
    this.#freed = freed;
  }

  /** Somebody begins to look for work: of what ends from now on they may have seen what was before, and it is not free for them. */
  look(): void {
    this.#ended.clear();
  }

  /** True when `key` may be offered by who looks. */
  isFree(key: string): boolean {
    return !this.#running.has(key) && !this.#ended.has(key) && this.retryAt(key) <= this.#clock.now();
  }

  /** Until when a key that was not done is left alone (ms since the epoch); 0 for one that was. */
  retryAt(key: string): number {
    const until = this.#faults.get(key)?.until ?? 0;
    // Further away than anything waits: the clock was set back meanwhile.
    return until > this.#clock.now() + MAX_WAIT_MS ? 0 : until;
  }

  /** Work with free keys, most urgent first, in the place of what waits. */
  offer(work: Work[]): void {
    this.#waiting = work;
    this.#fill();
  }

  /** What kept work from being done may be over: no key is left alone any more. What waits must be offered anew. */
  forgive(): void {
    this.#faults.clear();
    this.#waiting = [];
  }

  /** Resolves when what runs has ended; what waits is not begun. */
  async settle(): Promise<void> {
    this.#waiting = [];
    await Promise.all(this.#running.values());
  }

  #fill(): void {
    this.#waiting = this.#waiting.filter((work) => {
      const { light, heavy } = this.#holding;
      if (work.light ? light >= LIGHT_WIDTH : heavy >= this.#width) return true;
      this.#running.set(work.key, this.#run(work));
      return false;
    });
  }

  async #run({ key, light, run, onFault }: Work): Promise<void> {
    const weight = light ? "light" : "heavy";
    let holds = true;
    const next = () => {
      if (!holds) return;
      holds = false;
      this.#holding[weight] -= 1;
      this.#fill();
    };
    this.#holding[weight] += 1;
    const ended = new AbortController();
    if (!light) void this.#clock.sleep(PATIENCE_MS, ended.signal).then(next);
    const outcome = await run(next).catch((error: unknown) => {
      onFault(error);
      return "later" as const;
    });
    ended.abort();
    this.#running.delete(key);
    this.#ended.add(key);
    if (outcome === "done") this.#faults.delete(key);
    else this.#postpone(key, outcome === "taken" ? 0 : (this.#faults.get(key)?.count ?? 0) + 1);
    next();
    this.#freed();
  }

  #postpone(key: string, count: number): void {
    const wait = Math.min(MAX_WAIT_MS, SHORTLY_MS * 2 ** Math.max(0, count - 1));
    this.#faults.set(key, { count, until: this.#clock.now() + wait });
  }
}
