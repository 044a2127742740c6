import type {
  DefinitionsSnapshot,
  ErrorInfo,
  ReportedAssetEvent,
  Watched,
} from "@dagster-operator/sdk/internal";
import type { Issue } from "../errors.ts";

/** One run that a tick asks for. */
export interface RunRequest {
  runKey?: string | undefined;
  job?: string | undefined;
  assets?: string[][] | undefined;
  runConfig?: Record<string, unknown> | undefined;
  tags?: Record<string, string> | undefined;
  partitionKey?: string | undefined;
}
export interface TickResult {
  runRequests: RunRequest[];
  skipReason?: string | undefined;
  cursor?: string | undefined;
  logs: string[];
  dynamicPartitions?: { name: string; add: string[]; delete: string[] }[] | undefined;
  /** What a sensor reports about assets that nobody ran. */
  assetEvents?: ReportedAssetEvent[] | undefined;
}

/** What a sensor is asked with. */
export interface SensorQuestion {
  cursor: string | null;
  lastRunKey: string | null;
  lastTickTime: number | null;
  /** For a sensor that watches assets or runs: what happened since its cursor. */
  watched?: Watched | undefined;
  timeoutMs: number;
}

/** User code, asked over its code server. Adapters: HTTP + JSON (TypeScript), Dagster's gRPC (Python). */
export interface CodeLocation {
  /** @throws Unavailable not reachable · LoadError the user's code does not load */
  definitions(): Promise<DefinitionsSnapshot>;
  /** @throws NotFound · Unavailable · UserCodeError the evaluation threw or took longer than `timeoutMs` */
  evaluateSchedule(name: string, at: { scheduledTime: number; timeoutMs: number }): Promise<TickResult>;
  evaluateSensor(name: string, at: SensorQuestion): Promise<TickResult>;
  /** Checks run config with the user's own schemas; [] when it is good. Paths start at the root: `ops.x.config.y`. */
  validateRunConfig(job: string, runConfig: Record<string, unknown>): Promise<Issue[]>;
  /**
   * What the custom partition mapping of an asset says of keys of its upstream asset: the downstream keys that need each.
   * Assets by their key's parts joined by `/`. @throws NotFound · Unavailable · UserCodeError it threw, or named a key that cannot be
   */
  mapPartitions(
    asset: string,
    asked: { upstream: string; keys: readonly string[] },
  ): Promise<Record<string, string[]>>;
}

/** The user's code threw while it was asked. */
export class UserCodeError extends Error {
  override name = "UserCodeError";
  readonly error: ErrorInfo;
  /** What an evaluation logged before. */
  readonly logs: string[];
  constructor(message: string, error: ErrorInfo, logs: string[] = []) {
    super(message);
    this.error = error;
    this.logs = logs;
  }
}
/** The user's module could not be imported, or its definitions are wrong. */
export class LoadError extends UserCodeError {
  override name = "LoadError";
}
