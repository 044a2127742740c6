/** A whole run in this process, with no server: what `materialize` and `executeInProcess` share. */
import { randomUUID } from "node:crypto";
import { keyText } from "../asset/asset-key.ts";
import { type Definitions, internalsOf } from "../definitions.ts";
import { openStepRuntime, type RunServices } from "../execution/execute-step.ts";
import { inProcessLauncher } from "../execution/in-process-launcher.ts";
import { orchestrate } from "../execution/orchestrate.ts";
import type { RunContext } from "../execution/step-protocol.ts";
import type { Metadata, RunEvent } from "../model/event.ts";
import { runConfigIssues } from "../repository/run-config.ts";
import type { ValueAddress } from "../resource/io-manager.ts";

export type EventOf<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;

export interface RunInProcessOptions {
  /** Dagster's shape: `{ ops: { revenue: { config } } }`. @throws InvalidRunConfig from the call, with every path */
  runConfig?: Record<string, unknown>;
  tags?: Record<string, string>;
  partitionKey?: string;
  /** Several partitions in one run, both ends included. */
  partitionKeyRange?: { start: string; end: string };
  /** Throw the error of the first step that fails; false = give a result with `success: false`. Default true. */
  raise?: boolean;
  /** Steps at once; default 1. */
  maxConcurrent?: number;
  signal?: AbortSignal;
  /** Keys of dynamic partitions at the start. */
  dynamicPartitions?: Record<string, string[]>;
}

export interface RunResult {
  readonly runId: string;
  readonly success: boolean;
  readonly status: "SUCCESS" | "FAILURE" | "CANCELED";
  readonly events: readonly RunEvent[];
  /** Everything that was stored, in order. */
  readonly stored: readonly Stored[];
  /** Events of one type. */
  eventsOf<T extends RunEvent["type"]>(type: T): EventOf<T>[];
  /** Metadata of the last materialization of an asset. */
  metadataOf(asset: { readonly key: readonly string[] }): Metadata;
  /** Check evaluations by name. */
  readonly checks: Readonly<Record<string, EventOf<"ASSET_CHECK_EVALUATION">>>;
}

/** Run config that is not what the job takes; every problem with its path. */
export class InvalidRunConfig extends Error {
  override name = "InvalidRunConfig";
  readonly issues: { path: string; message: string }[];
  constructor(job: string, issues: { path: string; message: string }[]) {
    super(
      `run config of job ${job} is wrong:\n${issues.map(({ path, message }) => `  - ${path}: ${message}`).join("\n")}`,
    );
    this.issues = issues;
  }
}

/** A value that a step returned and an IO manager took. */
export interface Stored {
  address: ValueAddress;
  value: unknown;
}

export function memoryServices(events: readonly RunEvent[], initial: Record<string, string[]>): RunServices {
  const dynamic = new Map(Object.entries(initial).map(([name, keys]) => [name, [...keys]]));
  return {
    latestMaterialization: async (asset, partition) => {
      const path = keyText(asset);
      const found = events.findLast(
        (event) =>
          event.type === "ASSET_MATERIALIZATION" &&
          keyText(event.asset) === path &&
          (partition === undefined || event.partition === partition),
      );
      return (found as EventOf<"ASSET_MATERIALIZATION"> | undefined) ?? null;
    },
    dynamicPartitions: async (name) => dynamic.get(name) ?? [],
    addDynamicPartitions: async (name, keys) => {
      dynamic.set(name, [...new Set([...(dynamic.get(name) ?? []), ...keys])]);
    },
    deleteDynamicPartitions: async (name, keys) => {
      dynamic.set(
        name,
        (dynamic.get(name) ?? []).filter((key) => !keys.includes(key)),
      );
    },
  };
}

export async function runInProcess(
  definitions: Definitions,
  target: {
    job: string;
    assets: string[][] | null;
    checks: { asset: string[]; name: string }[] | null;
    steps: string[] | null;
  },
  options: RunInProcessOptions,
): Promise<RunResult> {
  const { jobs } = internalsOf(definitions);
  const view = jobs.get(target.job);
  const runConfig = { ...view?.def.runConfig, ...options.runConfig };
  const issues = view === undefined ? [] : runConfigIssues(view.config, runConfig);
  if (issues.length > 0) throw new InvalidRunConfig(target.job, issues);
  const { partitionKey, partitionKeyRange } = options;
  const run: RunContext = {
    runId: randomUUID(),
    location: "in_process",
    ...target,
    runConfig,
    tags: { ...view?.def.tags, ...options.tags },
    partition: partitionKeyRange ?? (partitionKey === undefined ? null : { key: partitionKey }),
    parentRunId: null,
    rootRunId: null,
    known: { outputsFrom: {}, mappingKeys: {} },
    attempt: 1,
  };
  const events: RunEvent[] = [];
  const errors = new Map<string, unknown>();
  const stored: Stored[] = [];
  const runtime = openStepRuntime(definitions, run, memoryServices(events, options.dynamicPartitions ?? {}), {
    failed: (stepKey, error) => errors.set(stepKey, error),
    stored: (address, value) => stored.push({ address, value }),
  });
  const launcher = inProcessLauncher(runtime, options.maxConcurrent);
  const signal = options.signal ?? new AbortController().signal;
  let status: RunResult["status"];
  try {
    status = await orchestrate({
      plan: runtime.plan,
      run,
      launcher,
      emit: (event) => events.push(event),
      signal,
    });
  } finally {
    await launcher.close();
  }
  if (status === "FAILURE" && options.raise !== false) throw runError(target.job, events, errors);
  const eventsOf: RunResult["eventsOf"] = (type) => events.filter((event) => event.type === type) as never;
  return {
    runId: run.runId,
    success: status === "SUCCESS",
    status,
    events,
    stored,
    eventsOf,
    metadataOf: (asset) => {
      const path = keyText(asset.key);
      const found = eventsOf("ASSET_MATERIALIZATION").findLast((event) => keyText(event.asset) === path);
      if (found === undefined) throw new Error(`asset ${path} was not materialized in this run`);
      return found.metadata;
    },
    checks: Object.fromEntries(eventsOf("ASSET_CHECK_EVALUATION").map((event) => [event.check, event])),
  };
}

/** What the first step that failed threw, as it was thrown; else the reason of the run. */
function runError(job: string, events: readonly RunEvent[], errors: ReadonlyMap<string, unknown>): unknown {
  const failed = events.find((event) => event.type === "STEP_FAILURE");
  if (failed?.stepKey !== undefined && errors.has(failed.stepKey)) return errors.get(failed.stepKey);
  return new Error(
    events.findLast((event) => event.type === "RUN_FAILURE")?.message ?? `the run of job ${job} failed`,
  );
}
