import { Conflict, heldBy, InvalidInput, NotFound, Unavailable, watchedNow } from "@dagster-operator/engine";
import type { ScheduleModel, SensorModel } from "../definitions/location-index.ts";
import { scheduleTimes } from "../definitions/schedule-times.ts";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import { DryRunTick } from "./dry-run-tick.ts";
import {
  PythonError,
  pythonError,
  ScheduleNotFoundError,
  SensorNotFoundError,
  UnauthorizedError,
} from "./errors.ts";
import { ScheduleSelector, SensorSelector } from "./inputs.ts";
import { instigation, instigatorId, parseSelectorId } from "./instigation.ts";
import { SensorOrError, scheduleNotFound, sensorNotFound } from "./instigation-queries.ts";
import { findLocation } from "./location.ts";
import { type InstigationModel, InstigationState } from "./refs.ts";
import { millis } from "./time.ts";

const ScheduleStateResult = builder
  .objectRef<{ __typename: "ScheduleStateResult"; scheduleState: InstigationModel }>("ScheduleStateResult")
  .implement({ fields: (t) => ({ scheduleState: t.expose("scheduleState", { type: InstigationState }) }) });
const ScheduleMutationResult = builder.unionType("ScheduleMutationResult", {
  types: [PythonError, UnauthorizedError, ScheduleStateResult, ScheduleNotFoundError],
  resolveType: byTypename,
});
const StopSensorMutationResult = builder
  .objectRef<{ __typename: "StopSensorMutationResult"; instigationState: InstigationModel | null }>(
    "StopSensorMutationResult",
  )
  .implement({
    fields: (t) => ({
      instigationState: t.expose("instigationState", { type: InstigationState, nullable: true }),
    }),
  });
const StopSensorMutationResultOrError = builder.unionType("StopSensorMutationResultOrError", {
  types: [StopSensorMutationResult, UnauthorizedError, PythonError],
  resolveType: byTypename,
});
const SensorDryRunResult = builder.unionType("SensorDryRunResult", {
  types: [PythonError, SensorNotFoundError, UnauthorizedError, DryRunTick],
  resolveType: byTypename,
});
const ScheduleDryRunResult = builder.unionType("ScheduleDryRunResult", {
  types: [DryRunTick, PythonError, ScheduleNotFoundError, UnauthorizedError],
  resolveType: byTypename,
});

type Status = "RUNNING" | "STOPPED" | null;
/** Why nobody can switch it here; null where one can. */
function refusal(ctx: Context, of: ScheduleModel | SensorModel) {
  const { kind, location, name } = instigatorId(of);
  const object = heldBy(ctx.workspace.get(location), kind, name);
  return (
    object &&
    pythonError(
      new Conflict(
        `${kind.toLowerCase()} ${name} of code location ${location} is switched by ${object}: change its spec.suspend, or take that out to switch it here`,
      ),
    )
  );
}
async function setStatus(
  ctx: Context,
  of: ScheduleModel | SensorModel,
  status: Status,
): Promise<InstigationModel> {
  await ctx.storage.ticks.setStatus(instigatorId(of), status, ctx.clock.now());
  ctx.forgetInstigators();
  ctx.log.info({ ...instigatorId(of), status: status ?? "as defined" }, "instigator switched");
  return instigation(ctx, of);
}
const scheduleOf = (ctx: Context, selector: typeof ScheduleSelector.$inferInput) =>
  findLocation(ctx, selector)?.schedules.get(selector.scheduleName);
const sensorOf = (ctx: Context, selector: typeof SensorSelector.$inferInput) =>
  findLocation(ctx, selector)?.sensors.get(selector.sensorName);
async function switchSchedule(ctx: Context, selector: typeof ScheduleSelector.$inferInput, status: Status) {
  const schedule = scheduleOf(ctx, selector);
  if (!schedule) return scheduleNotFound(selector);
  const refused = refusal(ctx, schedule);
  if (refused) return refused;
  return {
    __typename: "ScheduleStateResult" as const,
    scheduleState: await setStatus(ctx, schedule, status),
  };
}
async function switchSensor(ctx: Context, selector: typeof SensorSelector.$inferInput, status: Status) {
  const sensor = sensorOf(ctx, selector);
  if (!sensor) return sensorNotFound(selector);
  const refused = refusal(ctx, sensor);
  if (refused) return refused;
  await setStatus(ctx, sensor, status);
  return sensor;
}
/** Pages stop an instigator by the id that its state gave them. */
function byId(ctx: Context, id: string | null | undefined): ScheduleModel | SensorModel | undefined {
  const found = parseSelectorId(id ?? "");
  const location = found ? ctx.index.locations.get(found.location) : undefined;
  return found?.kind === "SCHEDULE"
    ? location?.schedules.get(found.name)
    : location?.sensors.get(found?.name ?? "");
}
/** An evaluation for a look: nothing is launched, no cursor moves. */
const DRY_RUN_TIMEOUT_MS = 60_000;

builder.mutationFields((t) => ({
  startSchedule: t.field({
    type: ScheduleMutationResult,
    args: { scheduleSelector: t.arg({ type: ScheduleSelector, required: true }) },
    resolve: (_root, { scheduleSelector }, ctx) => switchSchedule(ctx, scheduleSelector, "RUNNING"),
  }),
  resetSchedule: t.field({
    type: ScheduleMutationResult,
    args: { scheduleSelector: t.arg({ type: ScheduleSelector, required: true }) },
    resolve: (_root, { scheduleSelector }, ctx) => switchSchedule(ctx, scheduleSelector, null),
  }),
  stopRunningSchedule: t.field({
    type: ScheduleMutationResult,
    args: { id: t.arg.string(), scheduleOriginId: t.arg.string(), scheduleSelectorId: t.arg.string() },
    resolve: async (_root, args, ctx) => {
      const id = args.id ?? args.scheduleSelectorId ?? args.scheduleOriginId ?? "";
      const schedule = byId(ctx, id);
      if (schedule?.__typename !== "Schedule")
        return {
          __typename: "ScheduleNotFoundError" as const,
          scheduleName: id,
          message: `There is no schedule with id "${id}".`,
        };
      const refused = refusal(ctx, schedule);
      if (refused) return refused;
      return {
        __typename: "ScheduleStateResult" as const,
        scheduleState: await setStatus(ctx, schedule, "STOPPED"),
      };
    },
  }),
  startSensor: t.field({
    type: SensorOrError,
    args: { sensorSelector: t.arg({ type: SensorSelector, required: true }) },
    resolve: (_root, { sensorSelector }, ctx) => switchSensor(ctx, sensorSelector, "RUNNING"),
  }),
  resetSensor: t.field({
    type: SensorOrError,
    args: { sensorSelector: t.arg({ type: SensorSelector, required: true }) },
    resolve: (_root, { sensorSelector }, ctx) => switchSensor(ctx, sensorSelector, null),
  }),
  stopSensor: t.field({
    type: StopSensorMutationResultOrError,
    args: { id: t.arg.string(), jobOriginId: t.arg.string(), jobSelectorId: t.arg.string() },
    resolve: async (_root, args, ctx) => {
      const id = args.id ?? args.jobSelectorId ?? args.jobOriginId ?? "";
      const sensor = byId(ctx, id);
      if (sensor?.__typename !== "Sensor") return pythonError(new NotFound("sensor", `with id "${id}"`));
      const refused = refusal(ctx, sensor);
      if (refused) return refused;
      return {
        __typename: "StopSensorMutationResult" as const,
        instigationState: await setStatus(ctx, sensor, "STOPPED"),
      };
    },
  }),
  setSensorCursor: t.field({
    type: SensorOrError,
    args: { cursor: t.arg.string(), sensorSelector: t.arg({ type: SensorSelector, required: true }) },
    resolve: async (_root, { cursor, sensorSelector }, ctx) => {
      const sensor = sensorOf(ctx, sensorSelector);
      if (!sensor) return sensorNotFound(sensorSelector);
      await ctx.storage.ticks.setCursor(instigatorId(sensor), cursor ?? null);
      ctx.forgetInstigators();
      return sensor;
    },
  }),
  scheduleDryRun: t.field({
    type: ScheduleDryRunResult,
    args: { selectorData: t.arg({ type: ScheduleSelector, required: true }), timestamp: t.arg.float() },
    resolve: (_root, { selectorData, timestamp }, ctx) => {
      const schedule = scheduleOf(ctx, selectorData);
      if (!schedule) return scheduleNotFound(selectorData);
      const code = ctx.workspace.get(schedule.location.name)?.code;
      if (!code)
        return pythonError(
          new Unavailable(`Code location ${schedule.location.name} is not running: reload it and try again.`),
        );
      const at = millis(timestamp) ?? scheduleTimes(schedule.def, ctx.clock.now(), 1)[0] ?? ctx.clock.now();
      return {
        __typename: "DryRunInstigationTick" as const,
        at,
        evaluate: () =>
          code.evaluateSchedule(schedule.def.name, { scheduledTime: at, timeoutMs: DRY_RUN_TIMEOUT_MS }),
      };
    },
  }),
  sensorDryRun: t.field({
    type: SensorDryRunResult,
    args: { cursor: t.arg.string(), selectorData: t.arg({ type: SensorSelector, required: true }) },
    resolve: async (_root, { cursor, selectorData }, ctx) => {
      const sensor = sensorOf(ctx, selectorData);
      if (!sensor) return sensorNotFound(selectorData);
      if (sensor.def.kind === "automation")
        return pythonError(
          new InvalidInput(
            `Sensor ${sensor.def.name} evaluates automation conditions: what they came to is on the page of each asset, under Automation.`,
          ),
        );
      const code = ctx.workspace.get(sensor.location.name)?.code;
      if (!code)
        return pythonError(
          new Unavailable(`Code location ${sensor.location.name} is not running: reload it and try again.`),
        );
      const { state } = await instigation(ctx, sensor);
      return {
        __typename: "DryRunInstigationTick" as const,
        at: ctx.clock.now(),
        evaluate: async () =>
          code.evaluateSensor(sensor.def.name, {
            watched: await watchedNow(ctx.storage, sensor.location.name, sensor.def, cursor ?? null),
            cursor: cursor ?? null,
            lastRunKey: state?.lastRunKey ?? null,
            lastTickTime: state?.lastTickAt ?? null,
            timeoutMs: DRY_RUN_TIMEOUT_MS,
          }),
      };
    },
  }),
}));
