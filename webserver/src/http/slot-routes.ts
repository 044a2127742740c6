/** The part of the run API by which steps get slots of concurrency pools. */
import {
  type Clock,
  isEnded,
  type PoolSettings,
  PostSlots,
  type RunRecord,
  type Storage,
} from "@dagster-operator/engine";
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from "fastify";
import type { Services } from "../services.ts";
import { Gone } from "./http-errors.ts";
import { bodyOf, MAX_BODY } from "./run-api-request.ts";

/** Wake-ups are lost while the database is away. */
const RECHECK_MS = 10_000;
/** Every event of a run wakes; slots are looked for this often at most. */
const MIN_GAP_MS = 100;

export interface SlotRoutesDeps {
  services: () => Services;
  clock: Clock;
  closing: AbortSignal;
  pools: PoolSettings;
  authorized: (request: FastifyRequest) => Promise<{ run: RunRecord; attempt: number }>;
}

export function slotRoutes(
  app: FastifyInstance,
  { services, clock, closing, pools, authorized }: SlotRoutesDeps,
): void {
  let granter: Granter | undefined;
  app.addHook("onClose", async () => granter?.close());

  app.post("/runs/:runId/slots", { bodyLimit: MAX_BODY }, async (request) => {
    const { run, attempt } = await authorized(request);
    if (isEnded(run.status)) throw new Gone(`run ${run.runId} has ended (${run.status})`);
    const { slots, wait } = bodyOf(request, PostSlots, "slots are not asked for as they should be");
    const { storage } = services();
    granter ??= new Granter(storage, pools, app.log);
    const until = clock.now() + wait * 1000;
    const gone = new AbortController();
    request.raw.once("close", () => gone.abort());
    const stop = AbortSignal.any([closing, gone.signal]);
    let wake = new AbortController();
    const unsubscribe = storage.subscribe("run", (id) => {
      if (id === run.runId || id === "") wake.abort();
    });
    try {
      for (;;) {
        const waiting = new AbortController();
        wake = waiting;
        const held = await storage.pools.ask({ runId: run.runId, attempt }, slots, pools);
        const left = until - clock.now();
        if (held.length > 0 || left <= 0 || stop.aborted) return { held };
        await clock.sleep(MIN_GAP_MS, stop);
        await clock.sleep(Math.min(left, RECHECK_MS), AbortSignal.any([waiting.signal, stop]));
      }
    } finally {
      unsubscribe();
    }
  });
}

/** Gives out slots when some become free. Every server with steps that wait does; whoever comes second finds nothing to do. */
class Granter {
  readonly #storage: Storage;
  readonly #settings: PoolSettings;
  readonly #log: FastifyBaseLogger;
  readonly #pending = new Set<string>();
  readonly #unsubscribe: () => void;
  #busy = false;

  constructor(storage: Storage, settings: PoolSettings, log: FastifyBaseLogger) {
    this.#storage = storage;
    this.#settings = settings;
    this.#log = log;
    this.#unsubscribe = storage.subscribe("pool", (pool) => {
      if (pool === "") return;
      this.#pending.add(pool);
      if (!this.#busy) void this.#grant();
    });
  }

  close(): void {
    this.#unsubscribe();
    this.#pending.clear();
  }

  async #grant(): Promise<void> {
    this.#busy = true;
    for (const pool of this.#pending) {
      this.#pending.delete(pool);
      try {
        await this.#storage.pools.grant(pool, this.#settings);
      } catch (error) {
        this.#log.warn(
          { err: error, pool },
          `slots of pool ${pool} could not be given out; tried again soon`,
        );
      }
    }
    this.#busy = false;
  }
}
