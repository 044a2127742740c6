/** One talk with another process: a folder with the context for it and the file that it writes messages to. */
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { keyText } from "../asset/asset-key.ts";
import { assetMaterialization, type CheckOutcome, type StepContext } from "../execution/context.ts";
import type { LogMethod } from "../execution/log.ts";
import type { MetadataInput } from "../metadata/metadata-value.ts";
import type { AssetKey } from "../model/definitions.ts";
import {
  CONTEXT_ENV,
  encodeParam,
  errorOf,
  escapeAssetKey,
  MESSAGES_ENV,
  metadataOf,
  type PipesContextData,
  type PipesMessage,
  parseMessage,
  unescapeAssetKey,
} from "./protocol.ts";

/** How often the message file is looked at. */
const POLL_MS = 100;

export interface PipesMaterialization {
  assetKey: AssetKey;
  metadata: MetadataInput;
  dataVersion: string | undefined;
}
export interface PipesCheck extends CheckOutcome {
  assetKey: AssetKey;
  name: string;
}

/** What the other process has said. All of it is in the run's event log already, or is with the step's own results. */
export interface PipesResult {
  materializations: PipesMaterialization[];
  checks: PipesCheck[];
  /** Payloads of `report_custom_message`, in order. */
  customMessages: unknown[];
  /** For a multi-asset to return: the output of each asset that was reported, with no value to store. */
  outputs: Record<string, undefined>;
}

export interface PipesSession {
  /** Give it to the other process; the folder behind it must be readable there. */
  readonly env: Record<string, string>;
  /** Holds the files behind `env`; removed by `close`. */
  readonly folder: string;
  /** What has been said so far. */
  readonly result: PipesResult;
  /** Did the other process say that it began, and that it ended? */
  readonly opened: boolean;
  readonly closed: boolean;
  /** The exception that it closed with. */
  readonly exception: Error | undefined;
  /** Reads what is left and removes the folder. Call it when the other process has ended, however. */
  close(): Promise<void>;
}

/** Any step's context will do. */
export type PipesStep = StepContext<unknown, unknown, unknown, string | undefined>;

function pipesContextData(step: PipesStep, extras: Readonly<Record<string, unknown>>): PipesContextData {
  const { run, partitionKeys } = step;
  const keys = step.assets.map(({ key }) => escapeAssetKey(key));
  const byKey = <T>(value: (index: number) => T): Record<string, T> | null =>
    keys.length === 0 ? null : Object.fromEntries(keys.map((key, index) => [key, value(index)]));
  const [first] = partitionKeys;
  const last = partitionKeys.at(-1);
  return {
    asset_keys: keys.length === 0 ? null : keys,
    code_version_by_asset_key: byKey((index) => step.assets[index]?.codeVersion ?? null),
    provenance_by_asset_key: byKey(() => null),
    partition_key: partitionKeys.length === 1 ? (first ?? null) : null,
    partition_key_range: first === undefined || last === undefined ? null : { start: first, end: last },
    partition_time_window: timeWindow(step),
    run_id: run.runId,
    job_name: run.job,
    retry_number: step.retryNumber,
    extras,
  };
}

function timeWindow(step: PipesStep): { start: string; end: string } | null {
  if (step.partitionKeys.length === 0) return null;
  try {
    const { start, end } = step.partitionTimeWindow;
    return { start: start.toISOString(), end: end.toISOString() };
  } catch {
    return null; // the getter throws where the partitions are not of time, which is an answer here
  }
}

/**
 * Opens a session for a process that you start yourself; `pipesSubprocess` does it for commands. Messages are handled as
 * they come: log lines go to the event log, metadata, data versions and checks to the step.
 * @throws TypeError when `extras` cannot be written as JSON
 */
export async function openPipesSession(options: {
  context: PipesStep;
  extras?: Readonly<Record<string, unknown>>;
}): Promise<PipesSession> {
  const data = JSON.stringify(pipesContextData(options.context, options.extras ?? {}));
  const folder = await mkdtemp(join(tmpdir(), "dagster-pipes-"));
  const paths = { context: join(folder, "context"), messages: join(folder, "messages") };
  await writeFile(paths.context, data);
  await writeFile(paths.messages, "");
  return new FileSession(options.context, folder, paths);
}

class FileSession implements PipesSession {
  readonly env: Record<string, string>;
  readonly result: PipesResult = { materializations: [], checks: [], customMessages: [], outputs: {} };
  opened = false;
  closed = false;
  exception: Error | undefined;
  readonly #step: PipesStep;
  readonly folder: string;
  readonly #path: string;
  readonly #decoder = new StringDecoder("utf8");
  readonly #done = Promise.withResolvers<void>();
  readonly #reading: Promise<void>;
  #offset = 0;
  #rest = "";
  #ended = false;

  constructor(step: PipesStep, folder: string, paths: { context: string; messages: string }) {
    this.#step = step;
    this.folder = folder;
    this.#path = paths.messages;
    this.env = {
      [CONTEXT_ENV]: encodeParam({ path: paths.context }),
      [MESSAGES_ENV]: encodeParam({ path: paths.messages }),
    };
    this.#reading = this.#follow();
    this.#reading.catch(() => undefined); // told by close()
  }

  async #follow(): Promise<void> {
    while (!this.#ended) {
      const timer = Promise.withResolvers<void>();
      const waiting = setTimeout(timer.resolve, POLL_MS);
      await Promise.race([timer.promise, this.#done.promise]);
      clearTimeout(waiting);
      await this.#read();
    }
  }

  /** Everything that was written since the last time; a line that is not ended yet waits. */
  async #read(): Promise<void> {
    const file = await open(this.#path, "r");
    try {
      const buffer = Buffer.alloc(64 * 1024);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#offset);
        if (bytesRead === 0) return;
        this.#offset += bytesRead;
        const lines = (this.#rest + this.#decoder.write(buffer.subarray(0, bytesRead))).split("\n");
        this.#rest = lines.pop() ?? "";
        for (const line of lines) this.#line(line);
      }
    } finally {
      await file.close();
    }
  }

  async close(): Promise<void> {
    this.#ended = true;
    this.#done.resolve();
    try {
      await this.#reading;
      await this.#read();
      if (this.#rest !== "") this.#line(this.#rest);
      this.#rest = "";
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }

  #line(line: string): void {
    if (line.trim() === "") return;
    const parsed = parseMessage(line);
    if ("message" in parsed) this.#handle(parsed.message);
    else {
      const shown = line.length > 200 ? `${line.slice(0, 200)}…` : line;
      this.#step.log.warn(
        `passed over a line that is no message of Dagster Pipes, because ${parsed.problem}: ${shown}`,
      );
    }
  }

  #handle(message: PipesMessage): void {
    const { log } = this.#step;
    switch (message.method) {
      case "opened":
        this.opened = true;
        return;
      case "closed":
        this.closed = true;
        if (message.params?.exception) this.exception = errorOf(message.params.exception);
        return;
      case "log":
        this.#logAt(message.params.level)(message.params.message);
        return;
      case "log_external_stream":
        (message.params.stream === "stderr" ? process.stderr : process.stdout).write(message.params.text);
        return;
      case "report_custom_message":
        this.result.customMessages.push(message.params.payload);
        return;
      case "report_asset_materialization":
        this.#materialized(message.params);
        return;
      case "report_asset_check":
        this.#checked(message.params);
        return;
      default:
        log.warn(`unknown message ${JSON.stringify(message satisfies never)}`);
    }
  }

  /** Python's names of levels, also those of its users. */
  #logAt(level: string): LogMethod {
    const { log } = this.#step;
    switch (level.toUpperCase()) {
      case "DEBUG":
        return log.debug;
      case "WARNING":
      case "WARN":
        return log.warning;
      case "ERROR":
        return log.error;
      case "CRITICAL":
      case "FATAL":
        return log.critical;
      default:
        return log.info;
    }
  }

  #materialized(params: Extract<PipesMessage, { method: "report_asset_materialization" }>["params"]): void {
    const assetKey = unescapeAssetKey(params.asset_key);
    const metadata = metadataOf(params.metadata);
    const dataVersion = params.data_version ?? undefined;
    this.result.materializations.push({ assetKey, metadata, dataVersion });
    const mine = this.#step.assets.find(({ key }) => keyText(key) === keyText(assetKey));
    if (mine?.output === undefined) {
      const [partition, ...more] = this.#step.partitionKeys;
      this.#step.logEvent(
        assetMaterialization(assetKey, {
          metadata,
          ...(dataVersion !== undefined && { dataVersion }),
          ...(partition !== undefined && more.length === 0 && { partition }),
        }),
      );
      return;
    }
    this.result.outputs[mine.output] = undefined;
    this.#step.metadata(metadata, { output: mine.output });
    if (dataVersion !== undefined) this.#step.dataVersion(dataVersion, { output: mine.output });
  }

  #checked(params: Extract<PipesMessage, { method: "report_asset_check" }>["params"]): void {
    const { check_name: name, passed, severity } = params;
    const outcome = { passed, severity, metadata: metadataOf(params.metadata) };
    this.#step.check(name, outcome);
    this.result.checks.push({ assetKey: unescapeAssetKey(params.asset_key), name, ...outcome });
  }
}
