/** Reads from storage what an evaluation of conditions looks at, and no more. */
import {
  ASSET_JOB,
  type AssetDef,
  type ConditionDef,
  type DefinitionsSnapshot,
  partitionKeys,
  partitionKeysInRange,
} from "@dagster-operator/sdk/internal";
import { assetId } from "../backfill/asset-graph.ts";
import { withMappingTables } from "../backfill/mapping-tables.ts";
import type { RunRecord } from "../ports/run-storage.ts";
import type { Storage } from "../ports/storage.ts";
import type { LocationEntry } from "../ports/workspace.ts";
import { dynamicNames } from "../submit/partition.ts";
import { checkStatus } from "./check-status.ts";
import { conditionOf } from "./condition.ts";
import { resolveDeps } from "./deps.ts";
import { entitiesOf, entityId } from "./entity.ts";
import type { AutomationWorld, Entity, PartitionState } from "./state.ts";

/** Most runs before their start, and backfills, that are looked at for what is in progress. */
const MAX_RUNS = 10_000;
const MAX_BACKFILLS = 100;

/**
 * @param since mark of the evaluation before; null = there was none
 * @param code is asked for custom partition mappings
 */
export async function readWorld(
  storage: Storage,
  snapshot: DefinitionsSnapshot,
  targets: readonly string[],
  since: number | null,
  now: number,
  code: Pick<LocationEntry, "name" | "code" | "codeVersion"> = { name: "", code: null, codeVersion: null },
): Promise<AutomationWorld> {
  const mark = await storage.events.mark();
  const assets = new Map(snapshot.assets.map((asset) => [asset.key.join("/"), asset]));
  const entities = entitiesOf(assets, snapshot.checks);
  const seen = relevantEntities(assets, entities, targets);
  const dynamic = new Map<string, string[]>();
  for (const key of seen) {
    const partitions = entities.get(key)?.partitions;
    if (!partitions) continue;
    for (const name of dynamicNames(partitions))
      if (!dynamic.has(name)) dynamic.set(name, await storage.assets.dynamicPartitions(name));
  }
  const at = { now, dynamic: (name: string) => dynamic.get(name) ?? [] };
  const wanted = new Set(
    snapshot.assets.filter(({ key }) => seen.has(key.join("/"))).map(({ key }) => assetId(key)),
  );
  const [tabled] = await withMappingTables([{ ...code, snapshot }], wanted, at);
  const mapped = new Map((tabled?.snapshot.assets ?? []).map((asset) => [asset.key.join("/"), asset]));
  const known = [...seen].flatMap((key) => assets.get(key) ?? []);
  const checks = [...seen].flatMap((key) => entities.get(key) ?? []).filter(({ check }) => check);
  const { states, updates } = await readStates(storage, known, since ?? mark);
  updates.push(...(await readChecks(storage, checks, states, since ?? mark)));
  await toldByRuns(storage, updates, snapshot);
  markQueued(states, await notStarted(storage), snapshot, ({ partitions }, start, end) =>
    partitions ? partitionKeysInRange(partitions, start, end, at) : [],
  );
  return {
    now,
    mark,
    assets: mapped,
    entities: entitiesOf(mapped, snapshot.checks),
    partitionKeys: ({ partitions }) => (partitions ? partitionKeys(partitions, at) : null),
    dynamic: at.dynamic,
    states,
    lastMade: await readLastMade(storage, known),
    backfills: await readBackfills(storage, seen),
  };
}

/** The targets, and everything that one of their conditions leads to. */
function relevantEntities(
  assets: ReadonlyMap<string, AssetDef>,
  entities: ReadonlyMap<string, Entity>,
  targets: readonly string[],
): Set<string> {
  const seen = new Set(targets);
  const lead = (def: ConditionDef, to: string) => {
    seen.add(to);
    walk(def, to);
  };
  const walk = (def: ConditionDef, key: string): void => {
    if ("operands" in def) for (const operand of def.operands) walk(operand, key);
    else if ("trigger" in def) {
      walk(def.trigger, key);
      walk(def.reset, key);
    } else if (def.kind === "any_deps_match" || def.kind === "all_deps_match") {
      for (const dep of resolveDeps(assets, entities.get(key)?.deps ?? [], def)) lead(def.operand, dep);
    } else if (def.kind === "any_checks_match" || def.kind === "all_checks_match") {
      for (const [id, { check, key: of }] of entities)
        if (check && entityId(of) === key) lead(def.operand, id);
    } else if (def.kind === "asset_matches") lead(def.operand, entityId(def.asset));
    else if ("operand" in def) walk(def.operand, key);
  };
  for (const key of targets) {
    const entity = entities.get(key);
    const condition = entity && conditionOf(entity);
    if (condition) walk(condition, key);
  }
  return seen;
}

type States = Map<string, Map<string, PartitionState>>;

/** State and run of what was updated since the evaluation before. */
interface Update {
  state: PartitionState;
  ts: number;
  runId: string | null;
}

async function readStates(
  { assets }: Storage,
  defs: AssetDef[],
  since: number,
): Promise<{ states: States; updates: Update[] }> {
  const states: States = new Map(defs.map(({ key }) => [key.join("/"), new Map()]));
  const whole = defs.filter(({ partitions }) => !partitions);
  const parts = defs.filter(({ partitions }) => partitions);
  const updates: Update[] = [];
  for (const row of await assets.states(whole.map(({ key }) => key))) {
    const external = whole.find(({ key }) => key.join("/") === row.key.join("/"))?.kind !== "materializable";
    const { lastMaterialization: made, lastObservation: observed } = row;
    const newest = external && observed && observed.id > (made?.id ?? 0) ? observed : made;
    // An observation that found the data as it was is no update.
    const same =
      newest !== null && newest === observed && newest.id > since && (await isUnchanged(assets, row.key));
    const state: PartitionState = {
      updatedId: same ? since : (newest?.id ?? null),
      failed: row.lastRunFailed,
      inProgress: row.inProgressRunIds.length > 0,
    };
    states.get(row.key.join("/"))?.set("", state);
    if (newest && newest.id > since && !same)
      updates.push({ state, ts: newest.event.ts, runId: newest.runId });
  }
  const newIds = new Map<string, Map<number, PartitionState>>();
  for (const row of await assets.partitionStates(parts.map(({ key }) => key))) {
    const key = row.key.join("/");
    const { lastMaterialization: updatedId, status } = row;
    const state = { updatedId, failed: status === "FAILED", inProgress: status === "IN_PROGRESS" };
    states.get(key)?.set(row.partition, state);
    if (updatedId === null || updatedId <= since) continue;
    const ids = newIds.get(key) ?? new Map<number, PartitionState>();
    newIds.set(key, ids.set(updatedId, state));
  }
  for (const [key, ids] of newIds) {
    const page = { ids: [...ids.keys()], limit: ids.size };
    for (const { id, runId, event } of await assets.history(key.split("/"), page)) {
      const state = ids.get(id);
      if (state) updates.push({ state, ts: event.ts, runId });
    }
  }
  return { states, updates };
}

/** Adds the states of checks to those of assets. */
async function readChecks(
  { assets }: Storage,
  checks: Entity[],
  states: States,
  since: number,
): Promise<Update[]> {
  if (checks.length === 0) return [];
  for (const { key, check } of checks) states.set(entityId(key, check?.name), new Map());
  const updates: Update[] = [];
  for (const row of await assets.checkStates(checks.map(({ key }) => key))) {
    const { evaluation } = row;
    const check = checkStatus(row);
    const state: PartitionState = {
      updatedId: evaluation?.id ?? null,
      failed: check === "EXECUTION_FAILED",
      inProgress: check === "IN_PROGRESS",
      check,
    };
    states.get(entityId(row.asset, row.check))?.set(row.partition, state);
    if (evaluation && evaluation.id > since)
      updates.push({ state, ts: evaluation.ts, runId: evaluation.runId });
  }
  return updates;
}

/** What else the runs were for that updated something. */
async function toldByRuns(
  { runs }: Storage,
  updates: Update[],
  snapshot: DefinitionsSnapshot,
): Promise<void> {
  const runIds = [...new Set(updates.flatMap(({ runId }) => runId ?? []))];
  const records = runIds.length > 0 ? await runs.list({ runIds }, { limit: runIds.length }) : [];
  const targets = new Map(
    records.map((run) => {
      const assets = [...(run.assets ?? []), ...run.plannedAssets];
      return [
        run.runId,
        new Set([...assets.map((key) => entityId(key)), ...checksOf(run, assets, snapshot)]),
      ];
    }),
  );
  for (const { state, ts, runId } of updates)
    state.update = { ts, runTargets: targets.get(runId ?? "") ?? new Set<string>() };
}

/** The checks that a run does: those that it names, or else all of its assets. */
function checksOf(run: RunRecord, assets: readonly string[][], snapshot: DefinitionsSnapshot): string[] {
  if (run.checks) return run.checks.map(({ asset, name }) => entityId(asset, name));
  const made = new Set(assets.map((key) => entityId(key)));
  return snapshot.checks
    .filter(({ asset }) => made.has(entityId(asset)))
    .map(({ asset, name }) => entityId(asset, name));
}

async function isUnchanged(assets: Storage["assets"], key: string[]): Promise<boolean> {
  const [last, before] = await assets.history(key, { kind: "observation", limit: 2 });
  const version = last?.event.dataVersion;
  return version !== undefined && version === before?.event.dataVersion;
}

/** Runs that have not told their plan yet. */
const notStarted = ({ runs }: Storage): Promise<RunRecord[]> =>
  runs.list({ statuses: ["QUEUED", "NOT_STARTED", "STARTING"] }, { limit: MAX_RUNS });

/** What a run in the queue will make is in progress: whoever asks for it again would have it twice. */
function markQueued(
  states: States,
  runs: RunRecord[],
  snapshot: DefinitionsSnapshot,
  range: (of: Entity, start: string, end: string) => string[],
): void {
  const entities = entitiesOf(
    new Map(snapshot.assets.map((asset) => [entityId(asset.key), asset])),
    snapshot.checks,
  );
  for (const run of runs) {
    const job = run.job === ASSET_JOB ? undefined : snapshot.jobs.find(({ name }) => name === run.job);
    const targets = run.assets ?? (job?.target.kind === "assets" ? job.target.assets : []);
    for (const key of [...targets.map((path) => entityId(path)), ...checksOf(run, targets, snapshot)]) {
      const entity = entities.get(key);
      const known = states.get(key);
      if (!entity || !known) continue;
      const { partition } = run;
      const keys = !entity.partitions
        ? [""]
        : partition === null
          ? []
          : "key" in partition
            ? [partition.key]
            : range(entity, partition.start, partition.end);
      for (const each of keys)
        known.set(each, {
          updatedId: null,
          failed: false,
          ...known.get(each),
          inProgress: true,
          ...(entity.check ? { check: "IN_PROGRESS" as const } : {}),
        });
    }
  }
}

async function readLastMade({ assets }: Storage, defs: AssetDef[]): Promise<Map<string, number>> {
  const keys = defs.filter(({ freshnessPolicy }) => freshnessPolicy).map(({ key }) => key);
  if (keys.length === 0) return new Map();
  return new Map(
    (await assets.states(keys)).flatMap(({ key, lastMaterialization: last }) =>
      last ? [[key.join("/"), last.event.ts] as const] : [],
    ),
  );
}

async function readBackfills(
  { backfills }: Storage,
  seen: ReadonlySet<string>,
): Promise<AutomationWorld["backfills"]> {
  const open = new Map<string, string[]>();
  const active = await backfills.list({ statuses: ["REQUESTED", "CANCELING"] }, { limit: MAX_BACKFILLS });
  for (const { backfillId, assets } of active) {
    if (!assets.some((key) => seen.has(key.join("/")))) continue;
    const detail = await backfills.get(backfillId);
    for (const [index, { asset, partitions }] of (detail?.targets ?? []).entries()) {
      const key = asset?.join("/");
      if (key === undefined || !seen.has(key)) continue;
      const letters = detail?.states[index] ?? "";
      const keys = (partitions ?? [""]).filter((_, at) => letters[at] === "W" || letters[at] === "R");
      open.set(key, [...(open.get(key) ?? []), ...keys]);
    }
  }
  return open;
}
