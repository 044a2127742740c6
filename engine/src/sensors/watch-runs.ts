/** What a run-status sensor is asked about: the runs that got its status since its cursor, in the order of events. */
import type {
  RunEventType,
  SensorDef,
  SensorMonitors,
  Watched,
  WatchedRun,
} from "@dagster-operator/sdk/internal";
import type { EventRecord } from "../ports/event-log.ts";
import type { RunRecord } from "../ports/run-storage.ts";
import type { Storage } from "../ports/storage.ts";
import { isEnded } from "../run-state/status.ts";
import { watchedAssets } from "./watch-assets.ts";

export type RunMonitors = Extract<SensorMonitors, { kind: "runs" }>;

const EVENT = {
  QUEUED: "RUN_ENQUEUED",
  STARTING: "RUN_STARTING",
  STARTED: "RUN_START",
  SUCCESS: "RUN_SUCCESS",
  FAILURE: "RUN_FAILURE",
  CANCELING: "RUN_CANCELING",
  CANCELED: "RUN_CANCELED",
} as const satisfies Record<RunMonitors["status"], RunEventType>;

/** Most events of one tick. */
const MAX_EVENTS = 500;

export const runMonitors = ({ monitors }: SensorDef): RunMonitors | null =>
  monitors?.kind === "runs" ? monitors : null;

/**
 * @param cursor id of the last event that was looked at
 * @returns events to ask about, and the cursor when all of them were
 */
export async function watchedRuns(
  { events, runs }: Pick<Storage, "events" | "runs">,
  sensor: { name: string; location: string; monitors: RunMonitors },
  cursor: number,
): Promise<{ runs: { record: RunRecord; event: EventRecord }[]; cursor: number }> {
  const found = await events.tail([EVENT[sensor.monitors.status]], cursor, MAX_EVENTS);
  if (found.length === 0) return { runs: [], cursor };
  const ids = [...new Set(found.map(({ runId }) => runId))];
  const records = new Map(
    (await runs.list({ runIds: ids }, { limit: ids.length })).map((record) => [record.runId, record]),
  );
  const matching = found.flatMap((event) => {
    const record = records.get(event.runId);
    return record && isMonitored(sensor, record) ? [{ record, event }] : [];
  });
  return { runs: matching, cursor: found.at(-1)?.id ?? cursor };
}

/** What a sensor would be handed now, for a look: of the runs the first one after the cursor. */
export async function watchedNow(
  storage: Pick<Storage, "assets" | "events" | "runs">,
  location: string,
  sensor: SensorDef,
  cursor: string | null,
): Promise<Watched> {
  const monitors = runMonitors(sensor);
  if (!monitors) return { assets: await watchedAssets(storage, sensor, cursor) };
  const { runs } = await watchedRuns(storage, { name: sensor.name, location, monitors }, Number(cursor) || 0);
  return runs[0] ? { run: await watchedRun(storage, monitors, runs[0]) } : {};
}

/** Is this run one of those that the sensor is for? Pure. */
function isMonitored(
  { name, location, monitors }: { name: string; location: string; monitors: RunMonitors },
  run: Pick<RunRecord, "location" | "job" | "tags" | "status">,
): boolean {
  const { status, jobs, allLocations, ownRuns } = monitors;
  // An event of a run that had ended otherwise before changed nothing.
  if (isEnded(status) && run.status !== status) return false;
  if (!ownRuns && run.location === location && run.tags["dagster/sensor_name"] === name) return false;
  if (allLocations) return true;
  if (jobs === null) return run.location === location;
  return jobs.some((each) => each.job === run.job && (each.location ?? location) === run.location);
}

/** The run as the sensor's function sees it. */
export async function watchedRun(
  { runs }: Pick<Storage, "runs">,
  { status }: RunMonitors,
  { record, event }: { record: RunRecord; event: EventRecord },
): Promise<WatchedRun> {
  const steps = status === "FAILURE" ? await runs.steps(record.runId) : [];
  const { runId, job, location, tags, runConfig, partition, error } = record;
  return {
    eventId: event.id,
    ts: event.event.ts,
    status,
    runId,
    job,
    location,
    tags,
    runConfig,
    partitionKey: partition !== null && "key" in partition ? partition.key : null,
    error,
    failedSteps: steps
      .filter((step) => step.status === "FAILURE")
      .map((step) => ({ stepKey: step.stepKey, error: step.error })),
  };
}
