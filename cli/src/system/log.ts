/** Logs of a local system: JSON lines in its folder, and what a person should see as plain lines on stderr. */
import { Writable } from "node:stream";
import { type Level, type Logger, multistream, pino } from "pino";
import type { LogLevel } from "../output/log-levels.ts";

const NAMES: Record<number, string> = {
  10: "trace",
  20: "debug",
  30: "info",
  40: "warn",
  50: "error",
  60: "fatal",
};

/** `level` is what the terminal shows (default warn); the file has info and above, or more when the terminal has. */
export function createLog(file: string, level: LogLevel): { log: Logger; close(): void } {
  const destination = pino.destination({ dest: file, append: true, sync: false });
  const fileLevel: Level = level === "trace" || level === "debug" ? level : "info";
  const streams: Parameters<typeof multistream>[0] = [{ level: fileLevel, stream: destination }];
  if (level !== "silent") streams.push({ level, stream: readable() });
  const log = pino({ level: fileLevel, base: null }, multistream(streams));
  return {
    log,
    close: () => {
      destination.flushSync();
      destination.end();
    },
  };
}

/** `14:03:07 warn  message  runId=…  Error: …` */
function readable(): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString("utf8").split("\n").filter(Boolean))
        process.stderr.write(`${humanLine(line)}\n`);
      done();
    },
  });
}

function humanLine(json: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const fields = Object.entries(rest)
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([key, value]) => `${key}=${typeof value === "object" ? JSON.stringify(value) : String(value)}`);
  const error = err as { type?: string; message?: string; stack?: string } | undefined;
  const at = new Date(Number(time)).toTimeString().slice(0, 8);
  const head = [at, (NAMES[Number(level)] ?? String(level)).padEnd(5), String(msg ?? ""), ...fields].join(
    " ",
  );
  return error ? `${head}\n    ${(error.stack ?? error.message ?? "").replaceAll("\n", "\n    ")}` : head;
}
