import {
  type AppendResult,
  Conflict,
  type EventBatch,
  fold,
  foldNeeds,
  tellLateEnds,
  withDataVersions,
} from "@dagster-operator/engine";
import type { RunEvent } from "@dagster-operator/sdk/internal";
import { newestOf } from "../assets/newest.ts";
import type { Database, Session } from "../database/database.ts";
import { LOCKS } from "../database/locks.ts";
import { endAssets } from "./end-assets.ts";
import { type LockedRun, lockRun, readForAppend } from "./lock-run.ts";
import { writeAssets } from "./write-assets.ts";
import { type EncodedEvents, encodeEvents, writeBatch } from "./write-batch.ts";
import { planChecks, writeChecks } from "./write-checks.ts";

/** A worker's batch: fenced by attempt, and only what continues its sequence is stored. */
export async function append(database: Database, batch: EventBatch): Promise<AppendResult> {
  const events = batch.events.map(({ event }) => event);
  const encoded = encodeEvents(events);
  return database.transaction(async (session) => {
    const run = await lockRun(session, batch.runId);
    if (batch.attempt !== undefined && batch.attempt < run.attempt) {
      throw new Conflict(
        `run ${batch.runId}: attempt ${batch.attempt} was replaced by attempt ${run.attempt}; its events are refused`,
      );
    }
    const known = await readForAppend(session, run.no, batch.producer, foldNeeds(batch.events));
    const skip = firstNew(batch, known.lastSeq);
    const fresh = events.slice(skip);
    const late = tellLateEnds(run.status, fresh);
    const told = await withDataVersions(batch.runId, late, (asks) => newestOf(session, asks));
    const lines = told === fresh ? sliceEvents(encoded, skip) : encodeEvents(told);
    const from = { ...run, attempt: Math.max(run.attempt, batch.attempt ?? 0) };
    return store(session, batch, run, from, known, told, lines);
  }, LOCKS.eventIds);
}

/** Events of the control plane, in a transaction that is the caller's and with the run locked by it. */
export async function appendLocked(
  session: Session,
  run: LockedRun,
  batch: { runId: string; producer: string },
  events: readonly RunEvent[],
): Promise<AppendResult> {
  const needs = foldNeeds(events.map((event) => ({ event })));
  const known = await readForAppend(session, run.no, batch.producer, needs);
  return store(session, batch, run, run, known, events, encodeEvents(events));
}

async function store(
  session: Session,
  { runId, producer }: { runId: string; producer: string },
  before: LockedRun,
  after: LockedRun,
  known: Awaited<ReturnType<typeof readForAppend>>,
  events: readonly RunEvent[],
  encoded: EncodedEvents,
): Promise<AppendResult> {
  const { lastSeq } = known;
  if (events.length === 0 && before.attempt === after.attempt) {
    return { acceptedThrough: lastSeq, status: before.status };
  }
  // Until they are stored, sequence numbers stand for the events' ids.
  const folded = fold(
    { run: after, steps: known.steps },
    events.map((event, index) => ({ id: lastSeq + 1 + index, event })),
  );
  const at = { runNo: before.no, runId, producer, lastSeq };
  const changed = folded.run !== after || after.attempt !== before.attempt || folded.plannedAssets !== null;
  await writeBatch(session, { ...at, attempt: after.attempt, events }, encoded, folded, changed);
  if (folded.assets.length > 0) await writeAssets(session, at, events, folded.assets);
  if (folded.plannedAssets !== null) await planChecks(session, at, events);
  if (folded.checks.length > 0) await writeChecks(session, at, events);
  if (folded.ended) await endAssets(session, before.no, runId, folded.ended === "FAILURE");
  return { acceptedThrough: lastSeq + events.length, status: folded.run.status };
}

/** How many events of the batch are stored already. @throws Conflict a number is missing */
function firstNew(batch: EventBatch, lastSeq: number): number {
  let skip = 0;
  let expected = lastSeq + 1;
  for (const { seq } of batch.events) {
    if (seq < expected && expected === lastSeq + 1) skip += 1;
    else if (seq === expected) expected += 1;
    else {
      throw new Conflict(
        `run ${batch.runId}: ${batch.producer} sent event ${seq} where ${expected} was due; send again from ${lastSeq + 1}`,
      );
    }
  }
  return skip;
}

function sliceEvents(events: EncodedEvents, from: number): EncodedEvents {
  if (from === 0) return events;
  return {
    types: events.types.slice(from),
    stepKeys: events.stepKeys.slice(from),
    times: events.times.slice(from),
    bodies: events.bodies.slice(from),
  };
}
