/** stdout and stderr of this very process, given to the step in whose asynchronous context it was written. */
import { AsyncLocalStorage } from "node:async_hooks";
import { type StreamName, WORKER_LOG } from "./compute-logs.ts";

const current = new AsyncLocalStorage<string>();

/** Everything that `run` prints, also later and in callbacks, belongs to `logKey`. */
export function printingAs<T>(logKey: string, run: () => T): T {
  return current.run(logKey, run);
}

function currentLogKey(): string {
  return current.getStore() ?? WORKER_LOG;
}

/**
 * Sends what is written through `process.stdout` and `process.stderr` to `write`. stderr also goes where it went before,
 * so whoever started this process can tell its last words. Returns the undo.
 */
export function captureOwnOutput(
  write: (logKey: string, stream: StreamName, data: Uint8Array) => void,
): () => void {
  const undo = [hook(process.stdout, "out", false, write), hook(process.stderr, "err", true, write)];
  return () => {
    for (const restore of undo) restore();
  };
}

type Callback = (error?: Error | null) => void;

function hook(
  stream: NodeJS.WriteStream,
  name: StreamName,
  passOn: boolean,
  write: (logKey: string, stream: StreamName, data: Uint8Array) => void,
): () => void {
  const original = stream.write;
  const replaced = (
    data: Uint8Array | string,
    second?: BufferEncoding | Callback,
    third?: Callback,
  ): boolean => {
    const encoding = typeof second === "string" ? second : "utf8";
    const callback = typeof second === "function" ? second : third;
    const bytes = typeof data === "string" ? Buffer.from(data, encoding) : data;
    write(currentLogKey(), name, bytes);
    if (passOn)
      return callback ? original.call(stream, bytes, undefined, callback) : original.call(stream, bytes);
    if (callback) process.nextTick(callback);
    return true;
  };
  stream.write = replaced as typeof stream.write;
  return () => {
    stream.write = original;
  };
}
