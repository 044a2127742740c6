/** One look at a backfill that was claimed: what became of its runs, which ones come next, is it over. */
import { createHash } from "node:crypto";
import type { ErrorInfo, PartitionsAt } from "@dagster-operator/sdk/internal";
import { InvalidInput, NotFound, Unavailable } from "../errors.ts";
import type { BackfillDetail, BackfillStatus, PartitionLetter } from "../ports/backfill-storage.ts";
import { UserCodeError } from "../ports/code-location.ts";
import { reexecuteRun } from "../submit/reexecute.ts";
import { type SubmitDeps, type SubmitRequest, serving, submitRuns } from "../submit/submit.ts";
import { type AssetGraph, assetGraph, assetId, type PlacedAsset } from "./asset-graph.ts";
import { foldRuns, type Letters } from "./fold-runs.ts";
import { withMappingTables } from "./mapping-tables.ts";
import { type NextRun, nextRuns } from "./next-runs.ts";
import { backfillPartitions } from "./partitions-at.ts";
import { type BackfillPlan, planBackfill } from "./plan.ts";

export interface AdvanceDeps extends SubmitDeps {
  /** Names this daemon in leases. */
  owner: string;
  /** How long a lease holds (ms); default BACKFILL_LEASE_MS. */
  leaseMs?: number | undefined;
}

/** Long enough for a chunk of runs, before each of which it is renewed; after this a killed daemon's backfill is taken over. */
export const BACKFILL_LEASE_MS = 15_000;
/** Runs submitted in one statement. */
const CHUNK = 1000;
/** Errors that are over once the backfill goes on. */
const MAY_MEND = new Set(["Unavailable", "UserCodeError"]);
/** How long a backfill is left alone that waits for a code location. */
const AWAY_MS = 5_000;

export interface Advanced {
  /** Runs submitted now. */
  requested: number;
  status: BackfillStatus;
}

/**
 * Idempotent at every point: a run has a key made of what it makes, so that a daemon that takes over makes no second one.
 * Rejects when storage is away; then the lease runs out, and another look is taken.
 */
export async function advanceBackfill(deps: AdvanceDeps, backfill: BackfillDetail): Promise<Advanced> {
  const started = deps.now();
  const save = async (
    letters: Letters[],
    status: BackfillStatus,
    error: ErrorInfo | null,
    delay?: number,
  ) => {
    const states = letters.map((row) => row.join(""));
    // A backfill of many partitions takes longer to look at; at most a twentieth of the time goes into looking.
    const wait = delay ?? Math.min(10_000, Math.max(500, 20 * (deps.now() - started)));
    await deps.storage.backfills.save(backfill.backfillId, deps.owner, { states, status, error }, wait);
  };
  try {
    const look = await lookAt(deps, backfill);
    const letters = foldRuns(
      look.plan,
      backfill.states,
      await deps.storage.backfills.runs(backfill.backfillId),
    );
    if (backfill.status === "CANCELING") {
      const status = await cancelRuns(deps, backfill, letters);
      await save(letters, status, null);
      return { requested: 0, status };
    }
    // First: a location that is away, or that this daemon has not seen yet, makes none of its assets, and they are not gone.
    if (letters.some((row) => row.includes("W")))
      for (const location of new Set(backfill.targets.map((target) => target.location)))
        awaitLocation(deps, location);
    const errors = failGone(look.plan, letters);
    const done = await request(deps, backfill, nextRuns(look.plan, letters, look.at), letters);
    const error = errors[0] ?? done.errors[0] ?? backfill.error;
    const [status, why] = statusOf(letters, done.stopped, done.requested, error);
    await save(letters, status, why);
    return { requested: done.requested, status };
  } catch (error) {
    if (!(error instanceof Unavailable || error instanceof UserCodeError)) throw error;
    const letters = backfill.states.map((text) => [...text] as Letters);
    await save(letters, backfill.status, { name: error.name, message: error.message }, AWAY_MS);
    return { requested: 0, status: backfill.status };
  }
}

/** @throws Unavailable it cannot be asked now, or is not there: what a person removes for a moment must not end a backfill */
function awaitLocation({ workspace }: AdvanceDeps, location: string): void {
  if (workspace.get(location)) serving(workspace, location);
  else
    throw new Unavailable(
      `code location ${location} is not there: the backfill waits for it; cancel the backfill if it will not come back`,
    );
}

async function lookAt(
  { storage, workspace }: AdvanceDeps,
  { targets, createdAt, status }: BackfillDetail,
): Promise<{ plan: BackfillPlan; at: PartitionsAt }> {
  const listed = workspace.list();
  const known = assetGraph(listed);
  const defs = targets.map(({ asset }) =>
    asset ? (known.get(assetId(asset))?.def.partitions ?? null) : null,
  );
  // The newest partition is that of the time when it was requested, however long it takes.
  const at = await backfillPartitions(storage, defs, createdAt);
  const wanted = new Set(targets.flatMap(({ asset }) => (asset ? [assetId(asset)] : [])));
  // What waits is canceled whatever it depends on: user code that is away or throws must not keep a backfill open.
  const graph =
    status === "CANCELING"
      ? withoutCustomMappings(known)
      : assetGraph(await withMappingTables(listed, wanted, at));
  return { plan: planBackfill(targets, graph, at), at };
}

function withoutCustomMappings(graph: AssetGraph): AssetGraph {
  const plain = ({ location, def }: PlacedAsset): PlacedAsset => ({
    location,
    def: { ...def, deps: def.deps.filter(({ mapping }) => mapping?.kind !== "custom") },
  });
  return new Map([...graph].map(([id, asset]) => [id, plain(asset)]));
}

function failGone({ targets }: BackfillPlan, letters: Letters[]): ErrorInfo[] {
  return targets.flatMap(({ gone, place }) => {
    const row = letters[place];
    if (gone === null || !row?.includes("W")) return [];
    for (const [index, letter] of row.entries()) if (letter === "W") row[index] = "F";
    return [{ name: "InvalidInput", message: gone }];
  });
}

function statusOf(
  letters: Letters[],
  stopped: boolean,
  requested: number,
  error: ErrorInfo | null,
): [BackfillStatus, ErrorInfo | null] {
  const has = (letter: PartitionLetter) => letters.some((row) => row.includes(letter));
  const fault = MAY_MEND.has(error?.name ?? "") ? null : error;
  if (has("R")) return ["REQUESTED", fault];
  if (has("W")) {
    if (stopped || requested > 0 || error !== null) return ["REQUESTED", fault];
    const message = "none of the partitions that wait can be requested: what they need waits for them";
    return ["FAILED", { name: "InvalidInput", message }];
  }
  return [has("F") || has("C") ? "COMPLETED_FAILED" : "COMPLETED_SUCCESS", fault];
}

async function cancelRuns(
  { storage }: AdvanceDeps,
  { backfillId }: BackfillDetail,
  letters: Letters[],
): Promise<BackfillStatus> {
  const reason = `Backfill ${backfillId} was canceled.`;
  await storage.backfills.cancelQueuedRuns(backfillId, reason);
  const tags = [{ key: "dagster/backfill", values: [backfillId] }];
  const running = await storage.runs.list({ tags, statuses: ["STARTING", "STARTED"] }, { limit: CHUNK });
  for (const { runId } of running) await storage.runs.cancel(runId, { reason });
  for (const row of letters)
    for (const [index, letter] of row.entries()) if (letter === "W") row[index] = "C";
  const open = await storage.runs.count({
    tags,
    statuses: ["QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"],
  });
  if (open > 0) return "CANCELING";
  for (const row of letters)
    for (const [index, letter] of row.entries()) if (letter === "R") row[index] = "C";
  return "CANCELED";
}

/** Submits, marks what is requested in `letters`, and stops when this daemon may not go on. */
async function request(
  deps: AdvanceDeps,
  backfill: BackfillDetail,
  runs: readonly NextRun[],
  letters: Letters[],
): Promise<{ requested: number; stopped: boolean; errors: ErrorInfo[] }> {
  const result = { requested: 0, stopped: false, errors: [] as ErrorInfo[] };
  const mark = ({ cells }: NextRun, letter: PartitionLetter) => {
    for (const { place, index } of cells) {
      const row = letters[place];
      if (row) row[index] = letter;
    }
  };
  for (let from = 0; from < runs.length; from += CHUNK) {
    const leaseMs = deps.leaseMs ?? BACKFILL_LEASE_MS;
    if (!(await deps.storage.backfills.renew(backfill.backfillId, deps.owner, leaseMs)))
      return { ...result, stopped: true };
    const chunk = runs.slice(from, from + CHUNK);
    const submit = backfill.fromFailure ? continueOne : submitOne;
    if (!backfill.fromFailure && (await submitTogether(deps, backfill, chunk))) {
      for (const run of chunk) mark(run, "R");
      result.requested += chunk.length;
      continue;
    }
    for (const run of chunk) {
      try {
        const submitted = await submit(deps, backfill, run);
        mark(run, submitted ? "R" : "S");
        if (submitted) result.requested++;
      } catch (error) {
        if (!(error instanceof InvalidInput || error instanceof NotFound)) throw error;
        mark(run, "F");
        result.errors.push({ name: error.name, message: error.message });
      }
    }
  }
  return result;
}

/** False: one of them cannot be submitted, and none was. */
async function submitTogether(
  deps: AdvanceDeps,
  backfill: BackfillDetail,
  runs: NextRun[],
): Promise<boolean> {
  try {
    await submitRuns(
      deps,
      runs.map((run) => toSubmit(backfill, run)),
    );
    return true;
  } catch (error) {
    if (error instanceof InvalidInput || error instanceof NotFound) return false;
    throw error;
  }
}

async function submitOne(deps: AdvanceDeps, backfill: BackfillDetail, run: NextRun): Promise<boolean> {
  await submitRuns(deps, [toSubmit(backfill, run)]);
  return true;
}

/** The newest run of the partition, from where it failed; false when it did not. */
async function continueOne(deps: AdvanceDeps, backfill: BackfillDetail, run: NextRun): Promise<boolean> {
  const key = run.partition && "key" in run.partition ? run.partition.key : "";
  const [newest] = await deps.storage.runs.list(
    {
      location: run.location,
      job: backfill.job ?? undefined,
      tags: [{ key: "dagster/partition", values: [key] }],
    },
    { limit: 1 },
  );
  if (newest?.status !== "FAILURE") return false;
  const { tags, idempotencyKey } = toSubmit(backfill, run);
  await reexecuteRun(deps, newest.runId, { strategy: "FROM_FAILURE", tags, idempotencyKey });
  return true;
}

function toSubmit({ backfillId, job, steps, runConfig, tags }: BackfillDetail, run: NextRun): SubmitRequest {
  const { location, assets, partition } = run;
  const first = partition === null ? "" : "key" in partition ? partition.key : partition.start;
  const what = createHash("sha256")
    .update(JSON.stringify([location, assets, first]))
    .digest("hex");
  return {
    location,
    job: job ?? undefined,
    assets: assets ?? undefined,
    steps: steps ?? undefined,
    runConfig,
    tags: {
      ...tags,
      ...(job === null ? {} : { "dagster/partition_set": `${job}_partition_set` }),
      "dagster/backfill": backfillId,
    },
    partition,
    idempotencyKey: `backfill:${backfillId}:${what.slice(0, 32)}`,
  };
}
