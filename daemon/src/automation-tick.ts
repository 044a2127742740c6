/** One evaluation of automation conditions: what is true, what is requested, and why. */
import { createHash } from "node:crypto";
import {
  type AutomationCursor,
  automationRequests,
  type EvaluationNode,
  entityId,
  evaluateConditions,
  InvalidInput,
  type LocationEntry,
  NotFound,
  type PendingRequests,
  readWorld,
  type SubmitRequest,
  submitRuns,
  type Tick,
} from "@dagster-operator/engine";
import type { DefinitionsSnapshot, SensorDef } from "@dagster-operator/sdk/internal";
import { errorInfo, type TickDeps, type TickOutcome, type TickPlan } from "./run-tick.ts";

/** @param anew the sensor's cursor was reset: each condition is evaluated as if for the first time */
export function automationOutcome(
  sensor: SensorDef,
  snapshot: DefinitionsSnapshot,
  code: Pick<LocationEntry, "name" | "code" | "codeVersion">,
  anew: boolean,
): (deps: TickDeps, plan: TickPlan, tick: Tick) => Promise<TickOutcome> {
  return async (deps, plan, tick) => {
    const { storage, owner, now } = deps;
    const { location } = plan.id;
    const stored = await storage.automation.load(location, sensor.name);
    // A daemon that died in the middle, or a code location that went away: what was decided is done first.
    const before = stored?.pending ? await submitPending(deps, plan, tick, stored.pending) : NOTHING;
    const previous: AutomationCursor | null =
      stored === null ? null : anew ? { ...stored.cursor, assets: {} } : stored.cursor;
    const targets = [
      ...sensor.assets.map((key) => entityId(key)),
      ...(sensor.checks ?? []).map(({ asset, name: check }) => entityId(asset, check)),
    ];
    const world = await readWorld(storage, snapshot, targets, previous?.mark ?? null, now(), code);
    const { evaluations, requests, cursor } = evaluateConditions(world, targets, previous);
    const records = evaluations.flatMap(({ key, entity, root }) => {
      const requested = requests.get(key)?.size ?? 0;
      const digest = digestOf(root);
      const known = cursor.assets[key];
      const changed = known?.digest !== digest;
      if (known) known.digest = digest;
      const { evaluationId, at } = cursor;
      const of = { asset: entity.key, check: entity.check?.name };
      return changed || requested > 0 ? [{ ...of, evaluationId, at, requested, root }] : [];
    });
    const tags = {
      "dagster/auto_materialize": "true",
      "dagster/from_automation_condition": "true",
      "dagster/asset_evaluation_id": String(cursor.evaluationId),
      ...sensor.runTags,
    };
    const wanted = automationRequests(world.entities, requests, tags);
    const by = { tickId: tick.id, owner };
    await storage.automation.save(location, sensor.name, by, { cursor, requests: wanted, records });
    const pending = { evaluationId: cursor.evaluationId, requests: wanted };
    const after = wanted.length > 0 ? await submitPending(deps, plan, tick, pending) : NOTHING;
    const runIds = [...before.runIds, ...after.runIds];
    const errors = [...before.errors, ...after.errors];
    const outcome = {
      runIds,
      cursor: String(cursor.evaluationId),
      logs: errors.slice(0, 100).map(({ message }) => `ERROR ${message}`),
    };
    if (errors[0]) return { ...outcome, status: "FAILURE", error: errors[0] };
    if (runIds.length > 0) return { ...outcome, status: "SUCCESS" };
    const count = evaluations.length;
    const skipReason = `nothing to request: ${count} condition${count === 1 ? " was" : "s were"} evaluated`;
    return { ...outcome, status: "SKIPPED", skipReason };
  };
}

interface Submission {
  runIds: string[];
  /** Of requests that no run can be made of, e.g. for config that is missing: they are not asked for again. */
  errors: NonNullable<TickOutcome["error"]>[];
}
const NOTHING: Submission = { runIds: [], errors: [] };

/** The keys name evaluation and place, so a second time gives the same runs. @throws Unavailable: it stays pending */
async function submitPending(
  deps: TickDeps,
  plan: TickPlan,
  tick: Tick,
  { evaluationId, requests }: PendingRequests,
): Promise<Submission> {
  const { location, name } = plan.id;
  const all = requests.map(
    ({ assets, checks, tags, partitionKey, partitionRange }, index): SubmitRequest => ({
      location,
      assets: assets?.length === 0 ? undefined : assets,
      checks,
      tags,
      partition: partitionRange ?? (partitionKey === undefined ? undefined : { key: partitionKey }),
      idempotencyKey: `sensor:${location}:${name}@${evaluationId}.${index}`,
      origin: { kind: "SENSOR", name, tickId: tick.id, at: plan.at },
    }),
  );
  const done: Submission = { runIds: [], errors: [] };
  try {
    done.runIds = (await submitRuns(deps, all)).map(({ runId }) => runId);
  } catch (error) {
    if (!isRefused(error)) throw error;
    // One that cannot be must not hold the others.
    for (const request of all) {
      try {
        done.runIds.push(...(await submitRuns(deps, [request])).map(({ runId }) => runId));
      } catch (refused) {
        if (!isRefused(refused)) throw refused;
        done.errors.push(errorInfo(refused));
      }
    }
  }
  await deps.storage.automation.submitted(location, name, evaluationId, done.runIds);
  return done;
}

const isRefused = (error: unknown) => error instanceof InvalidInput || error instanceof NotFound;

/** The same for evaluations in which the same was true of the same. */
function digestOf(root: EvaluationNode): string {
  const text = JSON.stringify(root, (name, value) => (name === "since" ? undefined : value));
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}
