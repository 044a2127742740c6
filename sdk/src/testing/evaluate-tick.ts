/** Ticks of schedules and sensors in a unit test. */
import type { ScheduleDefinition } from "../automation/schedule.ts";
import type { SensorDefinition } from "../automation/sensor.ts";
import { Definitions } from "../definitions.ts";
import { type EvaluationResult, evaluateSchedule, evaluateSensor } from "../evaluate.ts";
import { kindOf } from "../source.ts";

export interface TickOptions {
  /** By name, definitions or plain values. */
  resources?: Readonly<Record<string, unknown>>;
  /** Of a schedule: the tick's time; default now. */
  scheduledTime?: Date;
  /** Of a sensor: what the tick before left. Default null. */
  cursor?: string | null;
  lastRunKey?: string | null;
  lastTickTime?: Date | null;
  /** Assets and jobs that it names, where it names them by key or name alone. */
  assets?: unknown;
  jobs?: unknown;
  signal?: AbortSignal;
}

/**
 * What a tick of a schedule or sensor asks for: run requests, a skip reason, the cursor, log lines and partitions to add.
 * @throws the user's own error when the evaluation throws
 * @example
 * const tick = await evaluateTick(inbox, { cursor: "a.csv", resources: { folder: fake } });
 * expect(tick.runRequests.map(({ runKey }) => runKey)).toEqual(["b.csv"]);
 */
export async function evaluateTick(
  instigator: ScheduleDefinition | SensorDefinition,
  options: TickOptions = {},
): Promise<EvaluationResult> {
  const { resources = {}, jobs = [], assets = [], signal = new AbortController().signal } = options;
  if (kindOf(instigator) === "schedule") {
    const definitions = new Definitions({ schedules: [instigator], jobs, assets, resources });
    const scheduledTime = (options.scheduledTime ?? new Date()).getTime();
    return evaluateSchedule(definitions, instigator.name, { scheduledTime, signal });
  }
  const sensor = instigator as SensorDefinition;
  const definitions = new Definitions({
    sensors: [sensor],
    jobs,
    assets: [sensor.assets, assets],
    resources,
  });
  return evaluateSensor(definitions, sensor.name, {
    cursor: options.cursor ?? null,
    lastRunKey: options.lastRunKey ?? null,
    lastTickTime: options.lastTickTime?.getTime() ?? null,
    signal,
  });
}
