/** What schedules and sensors share: who switches them, and what their ticks tell. Pure. */
import { type InstigatorState, isRunning, type Tick } from "@dagster-operator/engine";
import type { ScheduleObject, SensorObject } from "./objects.ts";

type Status = NonNullable<ScheduleObject["status"]> | NonNullable<SensorObject["status"]>;
type TickStatus = NonNullable<Status["lastTick"]>;

/**
 * The state that an object asks for; undefined: it leaves it as it is. One with `suspend` holds it. One that had it and has it
 * no more, and one that is new and has a cron of its own, give it back to the definition (null).
 */
export function wantedState(
  object: ScheduleObject | SensorObject,
  state: Pick<InstigatorState, "status"> | null,
  own: boolean,
): InstigatorState["status"] | undefined {
  const { suspend } = object.spec;
  const is = state?.status ?? null;
  const wanted: InstigatorState["status"] = suspend === undefined ? null : suspend ? "STOPPED" : "RUNNING";
  const speaks =
    suspend !== undefined ||
    object.status?.suspend !== undefined ||
    (own && object.status?.observedGeneration === undefined);
  return speaks && wanted !== is ? wanted : undefined;
}

const SKIPPED_MS = 60_000;

export interface InstigatorSeen {
  object: ScheduleObject | SensorObject;
  definition: { name: string; defaultStatus: "RUNNING" | "STOPPED" };
  state: InstigatorState | null;
  /** The newest that is closed. */
  tick: Tick | null;
}

export function instigatorStatus({ object, definition, state, tick }: InstigatorSeen) {
  const { suspend } = object.spec;
  const before = object.status;
  const lastTick = tick === null ? before?.lastTick : tickStatus(tick, before?.lastTick);
  const runId = tick?.runIds.at(-1) ?? before?.lastRunId;
  return {
    definition: definition.name,
    state: isRunning(definition, state ?? undefined) ? ("RUNNING" as const) : ("STOPPED" as const),
    ...(suspend !== undefined && { suspend }),
    ...(lastTick && { lastTick }),
    ...(runId !== undefined && { lastRunId: runId }),
    ...(tick?.status === "FAILURE" && { lastError: (tick.error?.message ?? "it failed").slice(0, 1024) }),
  };
}

/** A sensor that skips tells so once a minute: its ticks are many, and each would be a write to the API server. */
function tickStatus(tick: Tick, before: TickStatus | undefined): TickStatus {
  const { skipReason } = tick;
  const next: TickStatus = {
    time: new Date(tick.at).toISOString(),
    status: tick.status,
    ...(tick.runIds.length > 0 && { runIds: tick.runIds.slice(0, 20) }),
    ...(skipReason !== null && { skipReason: skipReason.slice(0, 1024) }),
  };
  const same =
    tick.kind === "SENSOR" &&
    tick.status === "SKIPPED" &&
    before?.status === "SKIPPED" &&
    before.skipReason === next.skipReason &&
    tick.at - Date.parse(before.time) < SKIPPED_MS;
  return same ? before : next;
}

export interface Told {
  type: "Normal" | "Warning";
  reason: string;
  message: string;
}

/** What of a change of status is worth an Event. */
export function instigatorEvents(before: Status | undefined, after: Status): Told[] {
  const told: Told[] = [];
  if (after.state && before?.state && before.state !== after.state)
    told.push(
      after.state === "RUNNING"
        ? { type: "Normal", reason: "Resumed", message: "It is evaluated from now on" }
        : { type: "Normal", reason: "Suspended", message: "It is not evaluated any more" },
    );
  const tick = after.lastTick;
  if (tick && tick.time !== before?.lastTick?.time) {
    if (tick.runIds)
      told.push({
        type: "Normal",
        reason: "RunsRequested",
        message: `The tick of ${tick.time} requested ${tick.runIds.length === 1 ? "run" : "runs"} ${tick.runIds.join(", ")}`,
      });
    if (tick.status === "FAILURE")
      told.push({
        type: "Warning",
        reason: "TickFailed",
        message: `The tick of ${tick.time} failed: ${after.lastError ?? ""}`,
      });
  }
  return told;
}
