/** Loggers: where the log of a run goes besides its event log. Run config names the ones that a run writes to. */
import { z } from "zod";
import type { RunInfo } from "../execution/context.ts";
import type { LogLevel } from "../execution/log.ts";
import type { ErrorInfo } from "../model/event.ts";
import { definitionSite, KIND } from "../source.ts";

/** One line of `context.log`, or one event of a step. */
export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly ts: number;
  readonly level: LogLevel;
  readonly message: string;
  /** `LOG_MESSAGE` for a line of `context.log`, else the event's type: `STEP_START`, `ASSET_MATERIALIZATION`, … */
  readonly type: string;
  readonly stepKey: string | undefined;
  readonly job: string;
  readonly runId: string;
  /** Second argument of the log method. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  readonly error: ErrorInfo | undefined;
}

/** Takes records one after the other; what it throws, or its promise rejects with, is told on stderr and fails nothing. */
export type WriteRecord = (record: LogRecord) => unknown;

export interface LoggerContext<C> {
  /** Parsed by the logger's schema. */
  readonly config: C;
  readonly run: RunInfo;
}

export interface LoggerDefinition {
  readonly [KIND]: "logger";
  readonly description: string | undefined;
  readonly schema: z.ZodType | undefined;
  readonly create: (context: never) => unknown;
  readonly source: string | undefined;
}

type Made = WriteRecord | { write: WriteRecord; close?: () => unknown };
export interface LoggerOptions<S extends z.ZodType | undefined> {
  description?: string;
  /** Of run config at `loggers.<name>.config`. */
  config?: S;
  /** Called once in each process that runs steps, before the first; `close` once after the last. */
  create: (context: LoggerContext<S extends z.ZodType ? z.output<S> : undefined>) => Made | Promise<Made>;
}

/**
 * Defines a logger; give it to `Definitions` or a job under `loggers`, and name it in run config: `loggers: { <name>: { config } }`.
 * @example
 * const lines = logger({ config: z.object({ path: z.string() }), create: ({ config }) => (record) => appendFile(config.path, `${record.message}\n`) });
 */
export function logger<S extends z.ZodType | undefined = undefined>(
  options: LoggerOptions<S>,
): LoggerDefinition {
  return {
    [KIND]: "logger",
    description: options.description,
    schema: options.config,
    create: options.create as LoggerDefinition["create"],
    source: definitionSite(),
  };
}

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] as const;
const atLeast = (level: LogLevel, wanted: LogLevel): boolean =>
  LEVELS.indexOf(level) >= LEVELS.indexOf(wanted);
const lower = ["debug", "info", "warning", "error", "critical"] as const;

/** `console`: there is one in every run. Writes to stderr, which the compute log of the step holds. */
export const consoleLogger = logger({
  description: "Writes to the standard error of the step's process",
  config: z
    .strictObject({
      log_level: z
        .enum([...LEVELS, ...lower])
        .default("INFO")
        .describe("Lines and events below it are left out"),
      name: z.string().default("dagster").describe("Stands in each line"),
    })
    .prefault({}),
  create: ({ config }) => {
    const wanted = config.log_level.toUpperCase() as LogLevel;
    return ({ ts, level, job, runId, stepKey, message, error }) => {
      if (!atLeast(level, wanted)) return;
      const time = new Date(ts)
        .toISOString()
        .replace("T", " ")
        .replace(/\.\d+Z$/, " +0000");
      const from = [job, runId, ...(stepKey === undefined ? [] : [stepKey])].join(" - ");
      const why = error === undefined ? "" : `\n${error.stack ?? `${error.name}: ${error.message}`}`;
      process.stderr.write(`${time} - ${config.name} - ${level} - ${from} - ${message}${why}\n`);
    };
  },
});
