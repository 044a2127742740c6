import type { Clock, InstigatorState, RunRecord } from "@dagster-operator/engine";
import type { Logger } from "pino";
import { assetId, assetKey } from "../definitions/location-index.ts";
import type { WorkspaceIndex } from "../definitions/workspace-index.ts";
import type { Services } from "../services.ts";
import { Batch } from "./batch.ts";
import type { Context, InstanceInfo } from "./context.ts";
import { selectorId } from "./instigation.ts";

export interface ContextSource {
  services: Services;
  index: () => WorkspaceIndex;
  clock: Clock;
  log: Logger;
  instance: InstanceInfo;
  closing: AbortSignal;
}

const each = async <V>(keys: string[], load: (key: string) => Promise<V>): Promise<Map<string, V>> =>
  new Map(await Promise.all(keys.map(async (key): Promise<[string, V]> => [key, await load(key)])));

/** A new one for each request: loaders keep what they read for as long as the request lasts. */
export function createContext({ services, index, clock, log, instance, closing }: ContextSource): Context {
  const { storage, workspace, computeLog } = services;
  let instigators: Promise<Map<string, InstigatorState>> | undefined;
  return {
    storage,
    workspace,
    computeLog,
    clock,
    log,
    instance,
    closing,
    index: index(),
    reindex: index,
    runs: new Batch<string, RunRecord | null>(async (runIds) => {
      const runs = await storage.runs.list({ runIds }, { limit: runIds.length });
      return new Map(runs.map((run) => [run.runId, run]));
    }, null),
    steps: new Batch((runIds) => each(runIds, (runId) => storage.runs.steps(runId)), []),
    assetStates: new Batch(async (ids) => {
      const states = await storage.assets.states(ids.map(assetKey));
      return new Map(states.map((state) => [assetId(state.key), state]));
    }, null),
    newestRecords: new Batch(async (asks) => {
      const found = await storage.assets.newest(asks.map((ask) => JSON.parse(ask)));
      return new Map(asks.map((ask, at) => [ask, found[at] ?? null]));
    }, null),
    checks: new Batch(async (ids) => {
      const records = await storage.assets.checks(ids.map(assetKey));
      return Map.groupBy(records, (record) => assetId(record.event.asset));
    }, []),
    dynamicPartitions: new Batch(
      (names) => each(names, (name) => storage.assets.dynamicPartitions(name)),
      [],
    ),
    instigators: () => {
      instigators ??= storage.ticks
        .states()
        .then((states) => new Map(states.map((state) => [selectorId(state), state])));
      return instigators;
    },
    forgetInstigators: () => {
      instigators = undefined;
    },
  };
}
