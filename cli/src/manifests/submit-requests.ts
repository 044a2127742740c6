/** Run and Backfill manifests as requests to the queue. Pure: a snapshot in, requests out. */
import {
  type BackfillRequest,
  backfillTargets,
  InvalidInput,
  NotFound,
  partitionsOf,
  type SubmitRequest,
} from "@dagster-operator/engine";
import {
  ASSET_JOB,
  type DefinitionsSnapshot,
  hasPartitionKey,
  type PartitionsDef,
  partitionKeys,
  resolveSelection,
} from "@dagster-operator/sdk/internal";
import { hint } from "../input/suggest.ts";
import type { ManifestRequest } from "./planning.ts";

/** `dynamic` absent: the keys of dynamic partitions are not known here and not checked. */
interface At {
  now: number;
  dynamic?: (name: string) => string[];
}

/** Of a Run. @throws NotFound · InvalidInput what the code does not have */
export function toSubmitRequest(
  request: ManifestRequest,
  snapshot: DefinitionsSnapshot,
  at: At,
): SubmitRequest {
  const { location, runConfig, tags, idempotencyKey, partitionKey: key } = request;
  const of = nameOf(request);
  const assets = assetsOf(request, snapshot);
  const job = request.job ?? ASSET_JOB;
  const definition = snapshot.jobs.find((candidate) => candidate.name === job);
  if (!definition)
    throw new NotFound(
      `${of}: job`,
      job,
      hint(
        job,
        snapshot.jobs.map((candidate) => candidate.name),
      ).trim() || `location ${location} does not define it`,
    );
  const partitions = definition.partitions ?? partitionsShared(assets ?? [], snapshot);
  if (key !== undefined && partitions && (at.dynamic || !isDynamic(partitions))) {
    const known = { now: at.now, dynamic: at.dynamic ?? (() => []) };
    const all = partitionKeys(partitions, known);
    if (!hasPartitionKey(partitions, key, known))
      throw new InvalidInput(
        `${of}: there is no partition ${key}; there are ${all.length}, from ${all[0] ?? "-"} to ${all.at(-1) ?? "-"}`,
      );
  }
  const partition = key === undefined ? undefined : { key };
  return { location, job, assets, runConfig, tags, partition, idempotencyKey };
}

/** Of a Backfill; its partitions are checked where it is submitted. @throws InvalidInput the selection */
export function toBackfillRequest(request: ManifestRequest, snapshot: DefinitionsSnapshot): BackfillRequest {
  const { name, location, job, runConfig, tags, partitionKeys: keys, partitionRange: range } = request;
  return {
    ...(job === undefined ? { assets: assetsOf(request, snapshot) } : { location, job }),
    partitions: range ? { range } : { keys: keys ?? [] },
    runConfig,
    tags,
    title: name,
    idempotencyKey: request.idempotencyKey,
  };
}

/** All that can be said of a request before the system runs. @throws NotFound · InvalidInput */
export function checkRequest(request: ManifestRequest, snapshot: DefinitionsSnapshot, now: number): void {
  if (request.kind === "Run") {
    toSubmitRequest(request, snapshot, { now });
    return;
  }
  const entries = [{ name: request.location, snapshot }];
  const backfill = toBackfillRequest(request, snapshot);
  try {
    const defs = partitionsOf(entries, backfill);
    // What a mapping of the user's own says is known when the code serves.
    const asksCode = snapshot.assets.some(({ deps }) =>
      deps.some(({ mapping }) => mapping?.kind === "custom"),
    );
    if (!asksCode && !defs.some((def) => def && isDynamic(def)))
      backfillTargets(entries, backfill, { now, dynamic: () => [] });
  } catch (error) {
    if (!(error instanceof InvalidInput || error instanceof NotFound)) throw error;
    throw new InvalidInput(`${nameOf(request)}: ${error.message}`);
  }
}

const nameOf = ({ kind, name, place }: ManifestRequest): string => `${kind} ${name} (${place})`;

/** undefined for a job. */
function assetsOf(request: ManifestRequest, { assets }: DefinitionsSnapshot): string[][] | undefined {
  if (request.job !== undefined) return undefined;
  const of = nameOf(request);
  const selection = request.assetSelection ?? "*";
  let keys: string[][];
  try {
    keys = resolveSelection(assets, selection);
  } catch (error) {
    throw new InvalidInput(`${of}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const runnable = new Set(
    assets.filter(({ kind }) => kind === "materializable").map(({ key }) => JSON.stringify(key)),
  );
  const wanted = keys.filter((key) => runnable.has(JSON.stringify(key)));
  if (wanted.length === 0) throw new InvalidInput(`${of}: "${selection}" selects no asset that can be made`);
  return wanted;
}

/** The partitions that the partitioned ones of these assets share. */
function partitionsShared(keys: string[][], { assets }: DefinitionsSnapshot): PartitionsDef | null {
  const wanted = new Set(keys.map((key) => JSON.stringify(key)));
  const found = new Map(
    assets
      .filter(({ key, partitions }) => partitions !== null && wanted.has(JSON.stringify(key)))
      .map(({ partitions }) => [JSON.stringify(partitions), partitions]),
  );
  return found.size === 1 ? ([...found.values()][0] ?? null) : null;
}

const isDynamic = (def: PartitionsDef): boolean =>
  def.kind === "dynamic" ||
  (def.kind === "multi" && def.dimensions.some(({ partitions }) => isDynamic(partitions)));
