/** What a user's function is given: one object to take apart, `({ inputs, config, log }) => …`. */
import type { MetadataInput } from "../metadata/metadata-value.ts";
import type { AssetKey } from "../model/definitions.ts";
import type { DynamicPartitions } from "../partitions/index.ts";
import type { Log } from "./log.ts";

export interface TimeWindow {
  start: Date;
  /** Exclusive. */
  end: Date;
}

export interface RunInfo {
  readonly runId: string;
  readonly job: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly runConfig: Readonly<Record<string, unknown>>;
  readonly parentRunId: string | null;
  readonly rootRunId: string | null;
}

/** An event that the code reports beside its outputs. */
export type LoggedEvent =
  | {
      type: "materialization" | "observation";
      asset: string | readonly string[];
      partition?: string;
      description?: string;
      metadata?: MetadataInput;
      dataVersion?: string;
    }
  | { type: "engine"; message: string; metadata?: MetadataInput };

export interface CheckOutcome {
  passed: boolean;
  /** Default `ERROR`; a failed blocking check stops what is downstream only with `ERROR`. */
  severity?: "WARN" | "ERROR";
  description?: string;
  metadata?: MetadataInput;
}

/** An asset as a step knows it. */
export interface StepAsset {
  readonly key: AssetKey;
  /** Name of the output that is this asset; undefined in a step that only checks it. */
  readonly output: string | undefined;
  readonly codeVersion: string | undefined;
}

/** `K`: type of its partition keys; undefined = it has none. An op's are only known when it runs. */
export interface StepContext<
  I = unknown,
  C = unknown,
  R = unknown,
  K extends string | undefined = string | undefined,
> {
  /** Loaded values, by the names under `inputs`. */
  readonly inputs: I;
  /** Parsed by the schema under `config`, defaults filled in. */
  readonly config: C;
  /** Opened, by the names under `resources`. */
  readonly resources: R;
  /** Writes to the run's event log. */
  readonly log: Log;
  /** Adds metadata to what this step materializes (`output` and `partition` where there are several). */
  metadata(values: MetadataInput, to?: { output?: string; partition?: string }): void;
  /** Version of the data that this step makes (`output` and `partition` where there are several); anything that changes when the data does. */
  dataVersion(version: string, to?: { output?: string; partition?: string }): void;
  /** Reports something beside the outputs: `logEvent(assetObservation("raw/orders", { metadata: { rows } }))`. */
  logEvent(event: LoggedEvent): void;
  /** Reports a check that the asset declared under `checks`; of a multi-asset where several have that name, the `output`'s. */
  check(name: string, outcome: boolean | CheckOutcome, of?: { output?: string }): void;
  readonly run: RunInfo;
  /** Aborted when the run is cancelled: hand it to `fetch`, timers and child processes. */
  readonly signal: AbortSignal;
  readonly stepKey: string;
  /** Name of the op. */
  readonly opName: string;
  /** 0 for the first try. */
  readonly retryNumber: number;
  /** Key of the asset that this step makes; throws for a step that makes none or several. */
  readonly assetKey: AssetKey;
  /** The assets that this run asks this step for; [] for an op that makes none. */
  readonly assets: readonly StepAsset[];
  /** Outputs that this run asks for: of a multi-asset that can be subset, perhaps not all. */
  readonly selectedOutputs: ReadonlySet<string>;
  /** Names of the checks that this run asks for. */
  readonly selectedChecks: ReadonlySet<string>;
  /** Key of the one partition; throws in a run over several: use `partitionKeys`. */
  readonly partitionKey: K;
  /** [] without partitions. */
  readonly partitionKeys: readonly Exclude<K, undefined>[];
  /** The parts of a multi-dimensional partition key, by dimension. */
  readonly partitionDimensions: Readonly<Record<string, string>>;
  /** From the start of the first to the end of the last partition; throws when they are not time windows. */
  readonly partitionTimeWindow: TimeWindow;
  /** Keys of `dynamicPartitions(name)`, by it or by its name; what is added can be materialized at once. */
  readonly dynamicPartitions: {
    list(partitions: DynamicPartitions): Promise<string[]>;
    add(partitions: DynamicPartitions, keys: string[]): Promise<void>;
    delete(partitions: DynamicPartitions, keys: string[]): Promise<void>;
  };
}

type Reported = { partition?: string; description?: string; metadata?: MetadataInput; dataVersion?: string };

/** For `logEvent`: says that an asset was materialized which is no output of this step. */
export const assetMaterialization = (
  asset: string | readonly string[],
  about: Reported = {},
): LoggedEvent => ({
  type: "materialization",
  asset,
  ...about,
});

/** For `logEvent`: says something about an asset that this run did not make. */
export const assetObservation = (asset: string | readonly string[], about: Reported = {}): LoggedEvent => ({
  type: "observation",
  asset,
  ...about,
});
