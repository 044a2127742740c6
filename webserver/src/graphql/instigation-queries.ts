import type { ScheduleModel, SensorModel } from "../definitions/location-index.ts";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import { InstigationStatus } from "./enums.ts";
import {
  InstigationStateNotFoundError,
  PythonError,
  RepositoryNotFoundError,
  repositoryNotFound,
  ScheduleNotFoundError,
  SensorNotFoundError,
  UnauthorizedError,
} from "./errors.ts";
import { InstigationSelector, RepositorySelector, ScheduleSelector, SensorSelector } from "./inputs.ts";
import { instigation, statusOf } from "./instigation.ts";
import { findLocation } from "./location.ts";
import { type InstigationModel, InstigationState, Schedule, Sensor } from "./refs.ts";

export const scheduleNotFound = (selector: { scheduleName: string; repositoryLocationName: string }) => ({
  __typename: "ScheduleNotFoundError" as const,
  scheduleName: selector.scheduleName,
  message: `Code location ${selector.repositoryLocationName} has no schedule ${selector.scheduleName}.`,
});
export const sensorNotFound = (selector: { sensorName: string; repositoryLocationName: string }) => ({
  __typename: "SensorNotFoundError" as const,
  sensorName: selector.sensorName,
  message: `Code location ${selector.repositoryLocationName} has no sensor ${selector.sensorName}.`,
});

const Schedules = builder
  .objectRef<{ __typename: "Schedules"; results: ScheduleModel[] }>("Schedules")
  .implement({ fields: (t) => ({ results: t.expose("results", { type: [Schedule] }) }) });
const Sensors = builder
  .objectRef<{ __typename: "Sensors"; results: SensorModel[] }>("Sensors")
  .implement({ fields: (t) => ({ results: t.expose("results", { type: [Sensor] }) }) });
const InstigationStates = builder
  .objectRef<{ __typename: "InstigationStates"; results: InstigationModel[] }>("InstigationStates")
  .implement({ fields: (t) => ({ results: t.expose("results", { type: [InstigationState] }) }) });
const Scheduler = builder.objectRef<{ __typename: "Scheduler" }>("Scheduler").implement({
  fields: (t) => ({ schedulerClass: t.string({ nullable: true, resolve: () => "DaemonScheduler" }) }),
});

const ScheduleOrError = builder.unionType("ScheduleOrError", {
  types: [Schedule, ScheduleNotFoundError, PythonError],
  resolveType: byTypename,
});
const SchedulesOrError = builder.unionType("SchedulesOrError", {
  types: [Schedules, RepositoryNotFoundError, PythonError],
  resolveType: byTypename,
});
export const SensorOrError = builder.unionType("SensorOrError", {
  types: [Sensor, SensorNotFoundError, UnauthorizedError, PythonError],
  resolveType: byTypename,
});
const SensorsOrError = builder.unionType("SensorsOrError", {
  types: [Sensors, RepositoryNotFoundError, PythonError],
  resolveType: byTypename,
});
const InstigationStateOrError = builder.unionType("InstigationStateOrError", {
  types: [InstigationState, InstigationStateNotFoundError, PythonError],
  resolveType: byTypename,
});
const InstigationStatesOrError = builder.unionType("InstigationStatesOrError", {
  types: [InstigationStates, PythonError],
  resolveType: byTypename,
});
const SchedulerOrError = builder.unionType("SchedulerOrError", {
  types: [Scheduler, PythonError],
  resolveType: byTypename,
});

/** Those with this status; all when none is asked for. */
async function ofStatus<M extends ScheduleModel | SensorModel>(
  ctx: Context,
  all: ReadonlyMap<string, M>,
  status: ReturnType<typeof statusOf> | null | undefined,
): Promise<M[]> {
  const states = await Promise.all(
    [...all.values()].map(async (of) => ({ of, state: await instigation(ctx, of) })),
  );
  return states.filter(({ state }) => !status || statusOf(state) === status).map(({ of }) => of);
}

builder.queryFields((t) => ({
  scheduler: t.field({ type: SchedulerOrError, resolve: () => ({ __typename: "Scheduler" as const }) }),
  scheduleOrError: t.field({
    type: ScheduleOrError,
    args: { scheduleSelector: t.arg({ type: ScheduleSelector, required: true }) },
    resolve: (_root, { scheduleSelector: selector }, ctx) =>
      findLocation(ctx, selector)?.schedules.get(selector.scheduleName) ?? scheduleNotFound(selector),
  }),
  schedulesOrError: t.field({
    type: SchedulesOrError,
    args: {
      repositorySelector: t.arg({ type: RepositorySelector, required: true }),
      scheduleStatus: t.arg({ type: InstigationStatus }),
    },
    resolve: async (_root, { repositorySelector, scheduleStatus }, ctx) => {
      const location = findLocation(ctx, repositorySelector);
      if (!location) return repositoryNotFound(repositorySelector);
      const results = await ofStatus(ctx, location.schedules, scheduleStatus);
      return { __typename: "Schedules" as const, results };
    },
  }),
  sensorOrError: t.field({
    type: SensorOrError,
    args: { sensorSelector: t.arg({ type: SensorSelector, required: true }) },
    resolve: (_root, { sensorSelector: selector }, ctx) =>
      findLocation(ctx, selector)?.sensors.get(selector.sensorName) ?? sensorNotFound(selector),
  }),
  sensorsOrError: t.field({
    type: SensorsOrError,
    args: {
      repositorySelector: t.arg({ type: RepositorySelector, required: true }),
      sensorStatus: t.arg({ type: InstigationStatus }),
    },
    resolve: async (_root, { repositorySelector, sensorStatus }, ctx) => {
      const location = findLocation(ctx, repositorySelector);
      if (!location) return repositoryNotFound(repositorySelector);
      const results = await ofStatus(ctx, location.sensors, sensorStatus);
      return { __typename: "Sensors" as const, results };
    },
  }),
  instigationStateOrError: t.field({
    type: InstigationStateOrError,
    args: { instigationSelector: t.arg({ type: InstigationSelector, required: true }), id: t.arg.string() },
    resolve: (_root, { instigationSelector: selector }, ctx) => {
      const location = findLocation(ctx, selector);
      const of = location?.schedules.get(selector.name) ?? location?.sensors.get(selector.name);
      if (of) return instigation(ctx, of);
      return {
        __typename: "InstigationStateNotFoundError" as const,
        name: selector.name,
        message: `Code location ${selector.repositoryLocationName} has no schedule or sensor ${selector.name}.`,
      };
    },
  }),
  instigationStatesOrError: t.field({
    type: InstigationStatesOrError,
    args: { repositoryID: t.arg.string({ required: true }) },
    resolve: async (_root, { repositoryID }, ctx) => {
      const location = ctx.index.locations.get(repositoryID.slice(0, repositoryID.lastIndexOf(":")));
      const all = location ? [...location.schedules.values(), ...location.sensors.values()] : [];
      return {
        __typename: "InstigationStates" as const,
        results: await Promise.all(all.map((of) => instigation(ctx, of))),
      };
    },
  }),
}));
