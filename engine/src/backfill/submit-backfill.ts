/** The one way in for backfills: page, GraphQL, CLI, manifests and Backfill objects all end here. */
import {
  type AssetKey,
  PartitionMappingError,
  type PartitionsAt,
  type PartitionsDef,
} from "@dagster-operator/sdk/internal";
import { InvalidInput, NotFound } from "../errors.ts";
import type { BackfillTarget, NewBackfill } from "../ports/backfill-storage.ts";
import { UserCodeError } from "../ports/code-location.ts";
import type { LocationEntry } from "../ports/workspace.ts";
import { didYouMean } from "../submit/nearest.ts";
import { partitionedParts } from "../submit/partition.ts";
import { prepareRuns, type SubmitDeps, serving } from "../submit/submit.ts";
import { type AssetGraph, assetGraph, assetId } from "./asset-graph.ts";
import { withMappingTables } from "./mapping-tables.ts";
import { backfillPartitions } from "./partitions-at.ts";
import { planBackfill } from "./plan.ts";
import { assetTargets, chosenKeys, type PartitionChoice } from "./targets.ts";

export interface BackfillRequest {
  /** Code location of `job`. */
  location?: string | undefined;
  /** Either a job, by name, … */
  job?: string | undefined;
  /** … or assets, of any code locations. */
  assets?: AssetKey[] | undefined;
  partitions: PartitionChoice;
  /** Of these partitions only those that were never made or whose last run failed. */
  onlyMissingAndFailed?: boolean | undefined;
  /** Of a job: continue the newest run of each partition from its failure; those that did not fail are left out. */
  fromFailure?: boolean | undefined;
  /** Of a job: these steps only. */
  steps?: string[] | undefined;
  runConfig?: Record<string, unknown> | undefined;
  tags?: Record<string, string> | undefined;
  title?: string | undefined;
  description?: string | undefined;
  /** Second submit with the same key gives the first backfill back. */
  idempotencyKey?: string | undefined;
  /** Set by `reexecuteBackfill`. */
  parentId?: string | undefined;
}

export interface SubmittedBackfill {
  backfillId: string;
  /** False when the idempotency key was known: `backfillId` is the earlier one. */
  created: boolean;
}

/** A code location as far as its definitions are known. */
export type Served = Pick<LocationEntry, "name" | "snapshot">;

/**
 * Checks everything that can be known before, then writes it as REQUESTED; a daemon requests its runs.
 * @throws NotFound location, job or asset · Unavailable a location cannot serve now · InvalidInput selection, partitions, config
 */
export async function submitBackfill(deps: SubmitDeps, request: BackfillRequest): Promise<SubmittedBackfill> {
  const { storage, workspace } = deps;
  if ((request.job === undefined) === (request.assets === undefined))
    throw new InvalidInput("a backfill is of a job or of assets: name one of them");
  if (request.job !== undefined && request.location !== undefined) serving(workspace, request.location);
  const { entries, at } = await backfillWorld(storage, workspace.list(), request, deps.now());
  const all = backfillTargets(entries, request, at);
  const targets = request.onlyMissingAndFailed
    ? await openTargets(deps, all, request.job)
    : all.filter(({ partitions }) => partitions?.length !== 0);
  const count = targets.reduce((sum, { partitions }) => sum + (partitions?.length ?? 1), 0);
  if (count === 0)
    throw new InvalidInput(
      request.onlyMissingAndFailed
        ? "there is nothing to backfill: none of these partitions is missing or failed"
        : "there is nothing to backfill: these partitions do not exist yet",
    );
  await check(deps, request, targets, assetGraph(entries));
  return storage.backfills.submit(toBackfill(request, targets));
}

function toBackfill(request: BackfillRequest, targets: BackfillTarget[]): NewBackfill {
  return {
    backfillId: newBackfillId(),
    location: request.location ?? targets[0]?.location ?? "",
    job: request.job ?? null,
    targets,
    fromFailure: request.fromFailure ?? false,
    steps: request.steps?.length ? request.steps : null,
    runConfig: request.runConfig ?? {},
    tags: request.tags ?? {},
    title: request.title ?? null,
    description: request.description ?? null,
    parentId: request.parentId ?? null,
    idempotencyKey: request.idempotencyKey ?? null,
  };
}

/** Eight lower case letters, as Dagster's. */
export function newBackfillId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return String.fromCharCode(...bytes.map((byte) => 97 + (byte % 26)));
}

/**
 * Which partitions of which assets a backfill would be of, in the order in which they are made; `at` and entries are
 * those of `backfillWorld`. Pure. @throws NotFound · InvalidInput
 */
export function backfillTargets(
  entries: readonly Served[],
  { job, location, assets, partitions: choice, fromFailure, steps }: BackfillRequest,
  at: PartitionsAt,
): BackfillTarget[] {
  if (job === undefined) {
    if (fromFailure || steps?.length)
      throw new InvalidInput(
        "fromFailure and steps are for backfills of a job: assets are made again as a whole",
      );
    try {
      return assetTargets(assetGraph(entries), assets ?? [], choice, at);
    } catch (error) {
      if (!(error instanceof PartitionMappingError)) throw error;
      throw new InvalidInput(`this backfill cannot be requested: ${error.message}`);
    }
  }
  if ("byAsset" in choice)
    throw new InvalidInput("partitions by asset are for backfills of assets: name those of the job");
  const def = partitionsOfJob(entries, location, job);
  const partitions = chosenKeys(`job ${job}`, def, choice, at);
  return [{ location: location ?? "", asset: null, partitions }];
}

/**
 * What `backfillTargets` looks at, with what must be read or asked of the code: dynamic keys and custom partition mappings.
 * @throws Unavailable · InvalidInput a custom mapping fails
 */
export async function backfillWorld<E extends LocationEntry>(
  storage: SubmitDeps["storage"],
  listed: readonly E[],
  request: BackfillRequest,
  now: number,
): Promise<{ entries: E[]; at: PartitionsAt }> {
  const at = await backfillPartitions(storage, partitionsOf(listed, request), now);
  try {
    const entries = await withMappingTables(listed, new Set((request.assets ?? []).map(assetId)), at);
    return { entries, at };
  } catch (error) {
    if (!(error instanceof UserCodeError)) throw error;
    throw new InvalidInput(`this backfill cannot be requested: ${error.message}`);
  }
}

/** Partitions of what a backfill is of, as far as they are known. */
export function partitionsOf(
  entries: readonly Served[],
  { job, location, assets }: BackfillRequest,
): (PartitionsDef | null)[] {
  if (job !== undefined) return [partitionsOfJob(entries, location, job)];
  const graph = assetGraph(entries);
  return (assets ?? []).map((key) => graph.get(assetId(key))?.def.partitions ?? null);
}

/** Without what is there already. Assets without partitions stay while anything before them is to be made. */
async function openTargets(
  { storage }: SubmitDeps,
  targets: BackfillTarget[],
  job: string | undefined,
): Promise<BackfillTarget[]> {
  const open: BackfillTarget[] = [];
  for (const target of targets) {
    if (target.partitions === null) {
      const [state] = target.asset ? await storage.assets.states([target.asset]) : [];
      if (open.length > 0 || !state?.lastMaterialization || state.lastRunFailed) open.push(target);
      continue;
    }
    const isOpen = await openPartitions(storage, target, job);
    const partitions = target.partitions.filter(isOpen);
    if (partitions.length > 0) open.push({ ...target, partitions });
  }
  return open;
}

async function openPartitions(
  storage: SubmitDeps["storage"],
  { asset, location }: BackfillTarget,
  job: string | undefined,
): Promise<(key: string) => boolean> {
  if (asset) {
    const states = await storage.assets.partitions(asset);
    return (key) => (states.get(key) ?? "FAILED") === "FAILED";
  }
  const newest = await storage.runs.newestByPartition(location, job ?? "");
  return (key) => ["FAILURE", "CANCELED", undefined].includes(newest.get(key)?.status);
}

/** The job's partitions, or those that all partitioned assets of it have. */
function partitionsOfJob(
  entries: readonly Served[],
  location: string | undefined,
  name: string,
): PartitionsDef {
  if (location === undefined) throw new InvalidInput(`a backfill of job ${name} needs its code location`);
  const snapshot = entries.find((entry) => entry.name === location)?.snapshot;
  if (!snapshot) throw new NotFound("code location", location);
  const job = snapshot.jobs.find((candidate) => candidate.name === name);
  if (!job)
    throw new NotFound(
      "job",
      name,
      didYouMean(
        name,
        snapshot.jobs.map((candidate) => candidate.name),
      ) || `code location ${location} does not define it`,
    );
  const parts = partitionedParts(snapshot, job, job.target.kind === "assets" ? job.target.assets : []);
  const [part] = parts;
  if (!part) throw new InvalidInput(`job ${name} has no partitions, so launch a run of it instead`);
  if (parts.length > 1)
    throw new InvalidInput(
      `job ${name} has assets with different partitions (${parts.map(({ what }) => what).join(", ")}): request a backfill of its assets`,
    );
  return part.partitions;
}

/** A run of each target with its first partition could be submitted: what is wrong with config or selection is said now. */
async function check(
  deps: SubmitDeps,
  request: BackfillRequest,
  targets: BackfillTarget[],
  graph: AssetGraph,
): Promise<void> {
  const common = { runConfig: request.runConfig, tags: request.tags };
  if (request.job !== undefined) {
    const [target] = targets;
    const key = target?.partitions?.[0] ?? "";
    await prepareRuns(deps, [
      {
        ...common,
        location: request.location ?? "",
        job: request.job,
        steps: request.steps,
        partition: { key },
      },
    ]);
    return;
  }
  const defs = targets.map(({ asset }) =>
    asset ? (graph.get(assetId(asset))?.def.partitions ?? null) : null,
  );
  const plan = planBackfill(targets, graph, await backfillPartitions(deps.storage, defs, deps.now()));
  const units = new Map<string, typeof plan.targets>();
  for (const target of plan.targets) units.set(target.unit, [...(units.get(target.unit) ?? []), target]);
  await prepareRuns(
    deps,
    [...units.values()].flatMap((unit) => {
      const [first] = unit;
      if (!first) return [];
      const assets = unit.flatMap(({ asset }) => (asset ? [asset] : []));
      const key = first.partitions?.[0];
      return [
        { ...common, location: first.location, assets, partition: key === undefined ? undefined : { key } },
      ];
    }),
  );
}
