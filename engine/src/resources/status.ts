/** What the operator tells of an object. Files are not checked with these; the CRDs are made from them. */
import { z } from "zod";

const count = z.number().int().nonnegative();
const time = z.string().meta({ format: "date-time" });

export const Conditions = z
  .array(
    z.strictObject({
      type: z.string().describe("What is told."),
      status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
      reason: z.string().describe("Why, as one word of a closed set."),
      message: z.string().describe("Why, for people."),
      observedGeneration: z.number().int().optional().describe("Generation of the spec that this tells of."),
      lastTransitionTime: time.describe("When the status last changed."),
    }),
  )
  .optional()
  .describe("Conditions, one of each type.")
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] });

const common = {
  observedGeneration: z
    .number()
    .int()
    .optional()
    .describe("Generation of the spec that this status tells of."),
  conditions: Conditions,
};

export const CodeLocationStatus = z.strictObject({
  ...common,
  location: z
    .string()
    .optional()
    .describe("Name of the code location in the page, in GraphQL and in workspace.yaml."),
  state: z
    .enum(["SERVING", "PAUSED", "STARTING", "ERROR"])
    .optional()
    .describe("What readers of the location see."),
  replicas: count.optional().describe("Code servers that exist."),
  readyReplicas: count.optional().describe("Code servers that answer, of any version."),
  selector: z.string().optional().describe("Label selector of the code servers' pods."),
  counts: z
    .strictObject({
      assets: count.describe("Assets."),
      jobs: count.describe("Jobs."),
      schedules: count.describe("Schedules."),
      sensors: count.describe("Sensors."),
    })
    .optional()
    .describe("Definitions that are served."),
  definitionsHash: z.string().optional().describe("Hash of the definitions that are served."),
  image: z
    .string()
    .optional()
    .describe("Image of the version that serves, as the spec named it; new runs use it."),
  imageId: z.string().optional().describe("The same image by its digest, as the node resolved it."),
  servingGeneration: z.number().int().optional().describe("Generation of the spec whose code serves."),
  endpoint: z.string().optional().describe("host:port of the code servers."),
  lastLoadError: z.string().optional().describe("Why the newest version does not load."),
});

const location = z.string().optional().describe("Name of its code location in the page and in GraphQL.");

export const JobStatus = z.strictObject({
  ...common,
  location,
  definition: z.string().optional().describe("Name in the code location, in the page and in GraphQL."),
  lastRun: z
    .strictObject({
      id: z.string().describe("Run id."),
      status: z.string().describe("Status of the run."),
      startTime: time.optional().describe("When it started."),
      endTime: time.optional().describe("When it ended."),
    })
    .optional()
    .describe("The newest run of this job."),
  runs: count.optional().describe("Runs of this job that are kept."),
});

const tick = z.strictObject({
  time: time.describe("When it was due. Of a sensor that skips, a minute late at most."),
  status: z.string().describe("SUCCESS, SKIPPED or FAILURE."),
  runIds: z.array(z.string()).optional().describe("Runs that it asked for."),
  skipReason: z.string().optional().describe("Why it asked for none."),
});

const switched = {
  location,
  definition: z.string().optional().describe("Name in the code location."),
  state: z.enum(["RUNNING", "STOPPED"]).optional().describe("Whether it is evaluated."),
  suspend: z.boolean().optional().describe("The `spec.suspend` that was carried out last."),
};

export const ScheduleStatus = z.strictObject({
  ...common,
  ...switched,
  cron: z.string().optional().describe("Its crons, also where the code has them."),
  timeZone: z.string().optional().describe("IANA name of its time zone."),
  job: z.string().optional().describe("The job that it runs."),
  lastTick: tick.optional().describe("The newest tick."),
  nextTickTime: time.optional().describe("When the next tick is due."),
  lastRunId: z.string().optional().describe("The newest run."),
  lastError: z.string().optional().describe("Why the newest failed tick failed."),
});

export const SensorStatus = z.strictObject({
  ...common,
  ...switched,
  cursor: z.string().optional().describe("Where the sensor is."),
  lastTick: tick.optional().describe("The newest tick."),
  lastRunId: z.string().optional().describe("The newest run."),
  lastError: z.string().optional().describe("Why the newest failed tick failed."),
});

const target = {
  location,
  job: z.string().optional().describe("The job that it runs, also where `jobRef` names a Job object."),
};

export const RunStatus = z.strictObject({
  ...common,
  ...target,
  phase: z
    .string()
    .optional()
    .describe("QUEUED, STARTING, STARTED, SUCCESS, FAILURE, CANCELING or CANCELED."),
  runId: z.string().optional().describe("Run id in the page and in GraphQL."),
  stepsTotal: count.optional().describe("Steps of the run."),
  stepsDone: count.optional().describe("Steps that ended."),
  startTime: time.optional().describe("When it started."),
  endTime: time.optional().describe("When it ended."),
  reason: z.string().optional().describe("Why it ended as it did, in one word."),
  message: z.string().optional().describe("Why it ended as it did."),
});

export const BackfillStatus = z.strictObject({
  ...common,
  ...target,
  phase: z
    .string()
    .optional()
    .describe("REQUESTED, CANCELING, CANCELED, COMPLETED_SUCCESS, COMPLETED_FAILED or FAILED."),
  backfillId: z.string().optional().describe("Backfill id in the page and in GraphQL."),
  requested: count.optional().describe("Partitions that are asked for, over all assets."),
  waiting: count.optional().describe("Partitions that have no run yet."),
  inProgress: count.optional().describe("Partitions whose run has not ended."),
  done: count.optional().describe("Partitions whose run succeeded."),
  failed: count.optional().describe("Partitions whose run failed or was canceled."),
  skipped: count
    .optional()
    .describe("Partitions that were left out, because something upstream of them was not made."),
  startTime: time.optional().describe("When it was submitted."),
  endTime: time.optional().describe("When it ended."),
});
