import type { RunInfo } from "../execution/context.ts";
import type { ErrorInfo } from "../model/event.ts";
import type { JobDefinition } from "../op/job.ts";
import type { NoKeys, ResourceMap, ResourceValues } from "../resource/resource.ts";
import {
  makeSensor,
  type SensorContext,
  type SensorDefinition,
  type SensorOptions,
  type SensorResult,
} from "./sensor.ts";

type Status = "QUEUED" | "STARTING" | "STARTED" | "SUCCESS" | "FAILURE" | "CANCELING" | "CANCELED";

export interface RunStatusSensorContext<R = unknown>
  extends Pick<SensorContext<R>, "log" | "resources" | "signal" | "dynamicPartitions"> {
  readonly run: Pick<RunInfo, "runId" | "job" | "tags" | "runConfig"> & { readonly location: string };
  readonly status: Status;
  /** When it got the status. */
  readonly timestamp: Date;
  readonly partitionKey: string | undefined;
}
export interface RunFailureSensorContext<R = unknown> extends RunStatusSensorContext<R> {
  /** Why the run failed, if anybody knows. */
  readonly error: ErrorInfo | null;
  readonly failedSteps: readonly { stepKey: string; error: ErrorInfo | null }[];
}

export interface RunFailureSensorOptions<R extends ResourceMap = NoKeys> extends SensorOptions<R> {
  /** Default: all of its code location. One of another location is `{ location, job }`. */
  monitoredJobs?: readonly (JobDefinition | string | { location: string; job: string })[];
  /** Runs of every code location; default false. */
  monitorAllCodeLocations?: boolean;
  /** Also runs that this very sensor asked for; default false, since that may go round for ever. */
  includeOwnRuns?: boolean;
}
export interface RunStatusSensorOptions<R extends ResourceMap = NoKeys> extends RunFailureSensorOptions<R> {
  status: Status;
}

/**
 * Defines a sensor that is asked once for each run that gets a status, in the order of events, from when it is first
 * evaluated. One that throws makes a FAILURE tick and goes on with the next run.
 * @example
 * runStatusSensor("after_nightly", { status: "SUCCESS", monitoredJobs: [nightly], job: report }, ({ run }) =>
 *   new RunRequest({ tags: { after: run.runId } }));
 */
export function runStatusSensor<R extends ResourceMap = NoKeys>(
  name: string,
  options: RunStatusSensorOptions<R>,
  evaluate: (context: RunStatusSensorContext<ResourceValues<R>>) => SensorResult,
): SensorDefinition {
  const { status, monitoredJobs, monitorAllCodeLocations = false, includeOwnRuns = false, ...rest } = options;
  const jobs = monitoredJobs?.map((job) =>
    typeof job === "string" ? { job } : "location" in job ? { ...job } : { job: job.name },
  );
  const monitors = {
    kind: "runs" as const,
    status,
    jobs: jobs ?? null,
    allLocations: monitorAllCodeLocations,
    ownRuns: includeOwnRuns,
  };
  return makeSensor("run_status", monitors, name, rest, evaluate);
}

/**
 * Defines a sensor that is asked once for each run that fails, with the errors: the place for a message to people.
 * @example
 * runFailureSensor("alert", {}, async ({ run, error }) => { await post(`${run.job} failed: ${error?.message}`); });
 */
export function runFailureSensor<R extends ResourceMap = NoKeys>(
  name: string,
  options: RunFailureSensorOptions<R>,
  evaluate: (context: RunFailureSensorContext<ResourceValues<R>>) => SensorResult,
): SensorDefinition {
  return runStatusSensor(name, { ...options, status: "FAILURE" }, evaluate as never);
}
