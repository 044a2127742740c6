/** What a code server asks of loaded definitions. */
import type { Definitions } from "./definitions.ts";

export interface EvaluationResult {
  runRequests: {
    runKey?: string | undefined;
    job?: string | undefined;
    assets?: string[][] | undefined;
    runConfig?: Record<string, unknown> | undefined;
    tags?: Record<string, string> | undefined;
    partitionKey?: string | undefined;
  }[];
  skipReason?: string | undefined;
  cursor?: string | undefined;
  /** Lines of `context.log`, in order. */
  logs: string[];
  dynamicPartitions?: { name: string; add: string[]; delete: string[] }[] | undefined;
}

/** Rejects with the user's own error when the evaluation throws. */
export declare function evaluateSchedule(
  definitions: Definitions,
  name: string,
  at: { scheduledTime: number; signal: AbortSignal },
): Promise<EvaluationResult>;

export declare function evaluateSensor(
  definitions: Definitions,
  name: string,
  at: { cursor: string | null; lastRunKey: string | null; lastTickTime: number | null; signal: AbortSignal },
): Promise<EvaluationResult>;

/** Every problem of a run config, with its path from the root (`ops.x.config.y`); [] when it is good. */
export declare function validateRunConfig(
  definitions: Definitions,
  job: string,
  runConfig: Record<string, unknown>,
): { path: string; message: string }[];
