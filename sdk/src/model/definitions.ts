/**
 * The definitions snapshot: everything the control plane knows of a code location, as plain JSON.
 * The SDK writes it (`Definitions.snapshot()`), the Python adapter maps Dagster's gRPC answers to it, and plans,
 * pages and GraphQL read it. User code is never imported by the control plane, so what is not here does not exist there.
 */
import { z } from "zod";

/** Path of an asset, e.g. `["raw", "orders"]`; written `raw/orders` for people. */
export const AssetKey = z.array(z.string().min(1)).min(1);
export type AssetKey = z.infer<typeof AssetKey>;

/** A JSON Schema (draft 2020-12) as `z.toJSONSchema` makes it; `null` where there is nothing to configure. */
export const JsonSchema = z.record(z.string(), z.unknown());
export type JsonSchema = z.infer<typeof JsonSchema>;

export const RetryPolicy = z.object({
  maxRetries: z.number().int().nonnegative(),
  /** Seconds before the first retry. */
  delay: z.number().nonnegative().default(0),
  backoff: z.enum(["constant", "linear", "exponential"]).default("constant"),
  jitter: z.enum(["none", "full", "plus_minus"]).default("none"),
});
export type RetryPolicy = z.infer<typeof RetryPolicy>;

/** One partition dimension, or several (`multi`). Time windows are half-open and lie in `timezone`. */
export type PartitionsDef =
  | {
      kind: "time_window";
      /** Five-field cron whose ticks are the window boundaries, e.g. `0 0 * * *` for daily. */
      cron: string;
      timezone: string;
      /** ISO 8601 instant of the first window's start. */
      start: string;
      /** ISO 8601 instant after which no window ends (a date is exclusive, as in Dagster); absent = goes on. */
      end?: string | undefined;
      /** How a key is written: `%Y-%m-%d`, `%Y-%m-%d-%H:%M`, … (strftime subset). */
      format: string;
      /** Windows that exist beyond the last complete one (default 0; 1 = the running one too; negative = fewer). */
      endOffset: number;
    }
  | { kind: "static"; keys: string[] }
  | { kind: "dynamic"; name: string }
  | { kind: "multi"; dimensions: { name: string; partitions: PartitionsDef }[] };
export const PartitionsDef: z.ZodType<PartitionsDef> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("time_window"),
      cron: z.string(),
      timezone: z.string(),
      start: z.string(),
      end: z.string().optional(),
      format: z.string(),
      endOffset: z.number().int(),
    }),
    z.object({ kind: z.literal("static"), keys: z.array(z.string()) }),
    z.object({ kind: z.literal("dynamic"), name: z.string() }),
    z.object({
      kind: z.literal("multi"),
      dimensions: z.array(z.object({ name: z.string(), partitions: PartitionsDef })),
    }),
  ]),
);

/** How partitions of a downstream asset depend on those of an upstream one; absent = Dagster's default for the pair. */
export const PartitionMapping = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("identity") }),
  z.object({ kind: z.literal("all") }),
  z.object({ kind: z.literal("last") }),
  z.object({ kind: z.literal("time_window"), startOffset: z.number().int(), endOffset: z.number().int() }),
  z.object({ kind: z.literal("static"), downstreamByUpstream: z.record(z.string(), z.array(z.string())) }),
  z.object({ kind: z.literal("multi_to_single"), dimension: z.string().optional() }),
  /** A function of the code's own, which is asked for a table of the keys that exist. */
  z.object({
    kind: z.literal("custom"),
    /** Hash of the function's text, so that a changed one is a changed definition. */
    code: z.string().optional(),
  }),
]);
export type PartitionMapping = z.infer<typeof PartitionMapping>;

/** Where a node's input comes from inside a graph. */
export type InputSource =
  | { kind: "output"; node: string; output: string }
  | { kind: "fan_in"; sources: InputSource[] }
  /** Collects every mapped copy of a dynamic output. */
  | { kind: "collect"; node: string; output: string }
  | { kind: "graph_input"; name: string }
  /** Loaded by the asset's own IO manager; the asset is not materialized by this job. */
  | { kind: "asset"; key: AssetKey };
export const InputSource: z.ZodType<InputSource> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("output"), node: z.string(), output: z.string() }),
    z.object({ kind: z.literal("fan_in"), sources: z.array(InputSource) }),
    z.object({ kind: z.literal("collect"), node: z.string(), output: z.string() }),
    z.object({ kind: z.literal("graph_input"), name: z.string() }),
    z.object({ kind: z.literal("asset"), key: AssetKey }),
  ]),
);

const InputDef = z.object({
  name: z.string(),
  description: z.string().optional(),
  /** True when it must not be loaded, only ordered after (a dependency without data). */
  nothing: z.boolean().optional(),
});
const OutputDef = z.object({
  name: z.string(),
  description: z.string().optional(),
  dynamic: z.boolean().optional(),
  /** False = the op may finish without yielding it, and what depends on it is skipped. */
  required: z.boolean(),
  ioManager: z.string(),
});
export const OpDef = z.object({
  kind: z.literal("op"),
  name: z.string(),
  description: z.string().optional(),
  inputs: z.array(InputDef),
  outputs: z.array(OutputDef),
  configSchema: JsonSchema.nullable(),
  resources: z.array(z.string()),
  retryPolicy: RetryPolicy.optional(),
  tags: z.record(z.string(), z.string()),
  pool: z.string().optional(),
  /** Names of the hooks that run after each of its steps. */
  hooks: z.array(z.string()).optional(),
});
export type OpDef = z.infer<typeof OpDef>;
export const GraphDef = z.object({
  kind: z.literal("graph"),
  name: z.string(),
  description: z.string().optional(),
  inputs: z.array(InputDef),
  outputs: z.array(z.object({ name: z.string(), node: z.string(), output: z.string() })),
  nodes: z.array(
    z.object({
      /** Name inside this graph; step keys are the path of these names, joined by `.`. */
      name: z.string(),
      /** Name of the op or graph in `DefinitionsSnapshot.nodes`. */
      def: z.string(),
      inputs: z.record(z.string(), InputSource),
      /** Dynamic output that this node is mapped over, if any. */
      mapOver: z.object({ node: z.string(), output: z.string() }).optional(),
      tags: z.record(z.string(), z.string()).optional(),
      /** Besides those of the op; of a graph, for all its steps. */
      hooks: z.array(z.string()).optional(),
    }),
  ),
  /** JSON Schema of a config mapping, where the graph hides its inner config. */
  configSchema: JsonSchema.nullable(),
});
export type GraphDef = z.infer<typeof GraphDef>;
export const NodeDef = z.discriminatedUnion("kind", [OpDef, GraphDef]);
export type NodeDef = z.infer<typeof NodeDef>;

const AssetDep = z.object({
  key: AssetKey,
  input: z.string().nullable(),
  mapping: PartitionMapping.optional(),
});

/** Windows in seconds. */
export const FreshnessPolicyDef = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("time_window"),
    failWindow: z.number().positive(),
    warnWindow: z.number().positive().optional(),
  }),
  z.object({
    kind: z.literal("cron"),
    deadlineCron: z.string(),
    lowerBoundDelta: z.number().positive(),
    timezone: z.string(),
  }),
]);
export type FreshnessPolicyDef = z.infer<typeof FreshnessPolicyDef>;

export const AssetDef = z.object({
  key: AssetKey,
  /** `external`: known, never run. `observable`: run only to observe. */
  kind: z.enum(["materializable", "observable", "external"]),
  description: z.string().optional(),
  group: z.string(),
  owners: z.array(z.string()),
  tags: z.record(z.string(), z.string()),
  kinds: z.array(z.string()),
  codeVersion: z.string().optional(),
  /** Metadata at definition. */
  metadata: z.record(z.string(), z.unknown()),
  /** Upstream assets; `input` is the argument name that loads it, null = ordering only. */
  deps: z.array(AssetDep),
  partitions: PartitionsDef.nullable(),
  backfillPolicy: z.object({ maxPartitionsPerRun: z.number().int().positive().nullable() }).optional(),
  /** Op or graph that computes it, null for an external asset. Several assets of one node = a multi-asset. */
  node: z.string().nullable(),
  output: z.string().nullable(),
  ioManager: z.string(),
  /** For a multi-asset: may a part of its assets be selected? */
  canSubset: z.boolean(),
  /** A `ConditionDef` (model/automation.ts). */
  automation: z.unknown().optional(),
  freshnessPolicy: FreshnessPolicyDef.optional(),
  source: z.string().optional(),
});
export type AssetDef = z.infer<typeof AssetDef>;

export const AssetCheckDef = z.object({
  asset: AssetKey,
  name: z.string(),
  description: z.string().optional(),
  /** A failed blocking check of severity ERROR stops what is downstream of its asset. */
  blocking: z.boolean(),
  /** Op that runs it; the same node as its asset's when the check is part of the asset's own computation. */
  node: z.string(),
  output: z.string(),
  /** What an op of its own loads, as for an asset; absent = its input `value`, if it has one, is the checked asset. */
  deps: z.array(AssetDep).optional(),
  /** A `ConditionDef` (model/automation.ts). */
  automation: z.unknown().optional(),
});
export type AssetCheckDef = z.infer<typeof AssetCheckDef>;

export const JobDef = z.object({
  name: z.string(),
  description: z.string().optional(),
  tags: z.record(z.string(), z.string()),
  /** A graph of ops, or a fixed list of assets (`selection` is what the user wrote, `assets` what it resolved to). */
  target: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("graph"), graph: z.string() }),
    z.object({ kind: z.literal("assets"), selection: z.string().optional(), assets: z.array(AssetKey) }),
  ]),
  partitions: PartitionsDef.nullable(),
  /** Default run config. */
  runConfig: z.record(z.string(), z.unknown()),
  /** JSON Schema of the whole run config: `{ops, resources, execution, loggers}`. */
  runConfigSchema: JsonSchema,
  retryPolicy: RetryPolicy.optional(),
  /** For all of its steps. */
  hooks: z.array(z.string()).optional(),
  /** True for the job that `materialize` without a job uses: `__ASSET_JOB`. */
  implicit: z.boolean(),
});
export type JobDef = z.infer<typeof JobDef>;

export const ScheduleDef = z.object({
  name: z.string(),
  description: z.string().optional(),
  job: z.string(),
  cron: z.array(z.string()).min(1),
  timezone: z.string(),
  defaultStatus: z.enum(["RUNNING", "STOPPED"]),
  tags: z.record(z.string(), z.string()),
  /** False = constant run config, so a tick needs no call into user code. */
  evaluates: z.boolean(),
  runConfig: z.record(z.string(), z.unknown()),
  /** Missed ticks that are made up for, at most; absent: as the daemon is set. */
  catchUp: z.object({ maxTicks: z.number().int().nonnegative() }).optional(),
});
export type ScheduleDef = z.infer<typeof ScheduleDef>;

/** What a sensor watches, so that it is handed what happened since its cursor. */
export const SensorMonitors = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("assets"), assets: z.array(AssetKey) }),
  z.object({
    kind: z.literal("runs"),
    status: z.enum(["QUEUED", "STARTING", "STARTED", "SUCCESS", "FAILURE", "CANCELING", "CANCELED"]),
    /** null = every job; a job without a location is one of the sensor's own. */
    jobs: z.array(z.object({ job: z.string(), location: z.string().optional() })).nullable(),
    allLocations: z.boolean(),
    /** Also the runs that the sensor itself asked for. */
    ownRuns: z.boolean(),
  }),
]);
export type SensorMonitors = z.infer<typeof SensorMonitors>;

export const SensorDef = z.object({
  name: z.string(),
  description: z.string().optional(),
  kind: z.enum(["standard", "asset", "multi_asset", "run_status", "freshness", "automation"]),
  jobs: z.array(z.string()),
  /** Assets that it requests, when it targets assets and not jobs. */
  assets: z.array(AssetKey),
  /** Checks whose conditions an automation condition sensor evaluates. */
  checks: z.array(z.object({ asset: AssetKey, name: z.string() })).optional(),
  monitors: SensorMonitors.optional(),
  /** Of each run that an automation condition sensor requests. */
  runTags: z.record(z.string(), z.string()).optional(),
  /** Seconds, default 30. */
  minimumInterval: z.number().positive(),
  defaultStatus: z.enum(["RUNNING", "STOPPED"]),
  tags: z.record(z.string(), z.string()),
});
export type SensorDef = z.infer<typeof SensorDef>;

export const ResourceDef = z.object({
  name: z.string(),
  description: z.string().optional(),
  kind: z.string(),
  isIoManager: z.boolean(),
  configSchema: JsonSchema.nullable(),
  /** Configured values for the page; an environment variable is `{env: NAME}`, never its value. */
  config: z.record(z.string(), z.unknown()),
  /** Resources nested in it. */
  nested: z.array(z.string()),
  usedBy: z.object({
    assets: z.array(AssetKey),
    ops: z.array(z.string()),
    schedules: z.array(z.string()),
    sensors: z.array(z.string()),
  }),
});
export type ResourceDef = z.infer<typeof ResourceDef>;

export const DefinitionsSnapshot = z.object({
  version: z.literal(1),
  language: z.enum(["typescript", "python"]),
  /** Version of the library that the user code was written with. */
  library: z.string(),
  /** sha256 (hex) of the canonical JSON of everything else here. */
  hash: z.string(),
  nodes: z.array(NodeDef),
  assets: z.array(AssetDef),
  checks: z.array(AssetCheckDef),
  jobs: z.array(JobDef),
  schedules: z.array(ScheduleDef),
  sensors: z.array(SensorDef),
  resources: z.array(ResourceDef),
  /** What came of the definitions that stand beside the code, where there are any. */
  extended: z
    .object({
      /** Hash of the code's own definitions. */
      codeHash: z.string(),
      /** Of the definitions beside the code, as `extraHash` makes it. */
      extraHash: z.string(),
      /** Those that do not fit the code, and why; they are left out. */
      refused: z.array(
        z.object({ kind: z.enum(["job", "schedule", "sensor"]), name: z.string(), message: z.string() }),
      ),
      /** Those that stand in the place of one of the code. */
      replaced: z.array(z.object({ kind: z.enum(["job", "schedule"]), name: z.string() })),
    })
    .optional(),
});
export type DefinitionsSnapshot = z.infer<typeof DefinitionsSnapshot>;

/** Name of the implicit job of all assets, as in Dagster. */
export const ASSET_JOB = "__ASSET_JOB";
