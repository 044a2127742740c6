import type { InstigatorId, InstigatorState, Storage, Tick } from "@dagster-operator/engine";

const idOf = ({ kind, location, name }: InstigatorId): string => JSON.stringify([kind, location, name]);

/** The states of all schedules and sensors, read when something ticked, not once for each object. */
export class Instigators {
  readonly #storage: Storage;
  #states = new Map<string, InstigatorState>();
  #reading: Promise<void> | null = null;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  state(id: InstigatorId): InstigatorState | null {
    return this.#states.get(idOf(id)) ?? null;
  }

  /** Reads them anew; resolves with those that are not as they were. */
  async refresh(): Promise<InstigatorState[]> {
    const before = this.#states;
    const states = await this.#storage.ticks.states();
    this.#states = new Map(states.map((state) => [idOf(state), state]));
    return states.filter((state) => JSON.stringify(state) !== JSON.stringify(before.get(idOf(state))));
  }

  /** Before the first look at an object. */
  async ready(): Promise<void> {
    this.#reading ??= this.refresh().then(
      () => undefined,
      (error: unknown) => {
        this.#reading = null;
        throw error;
      },
    );
    await this.#reading;
  }

  async switch(id: InstigatorId, status: InstigatorState["status"], now: number): Promise<void> {
    await this.#storage.ticks.setStatus(id, status, now);
    await this.refresh();
  }

  /** The newest tick that is closed. */
  async lastTick(id: InstigatorId): Promise<Tick | null> {
    const [tick = null] = await this.#storage.ticks.ticks(id, {
      limit: 1,
      statuses: ["SUCCESS", "SKIPPED", "FAILURE"],
    });
    return tick;
  }
}
