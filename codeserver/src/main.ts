/**
 * A code server: one process, one code location.
 *
 *   node main.js (--file F | --module M) [--attribute NAME] [--host 127.0.0.1] [--port 0 | --socket PATH]
 *
 * Prints one line when it is ready and, when it has a parent with an IPC channel, sends it a `Ready`. It ends when that
 * channel closes, so no code server outlives a killed supervisor. Exit 2: wrong flags or the address cannot be used.
 */
import { parseArgs } from "node:util";
import { addFrameworkPackage } from "./loader/frames.ts";
import { DefinitionsTarget, loadDefinitions } from "./loader/load-definitions.ts";
import { userError } from "./loader/user-error.ts";
import { followParent } from "./process/follow-parent.ts";
import type { Address, Pong, Ready } from "./protocol.ts";
import { serveDefinitions } from "./server.ts";

/** How long a Service may still lead to a pod that was told to go (ms). */
const DRAIN_MS = 5_000;
/** How long questions under way may take once nothing more is taken (ms): less than a supervisor, or a kubelet, waits. */
const LAST_ANSWERS_MS = { supervised: 1_500, alone: 20_000 };

function flags(): { target: DefinitionsTarget; at: Address } {
  const { values } = parseArgs({
    options: {
      file: { type: "string" },
      module: { type: "string" },
      attribute: { type: "string" },
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "0" },
      socket: { type: "string" },
    },
  });
  const { file, module, attribute, host, port, socket } = values;
  const target = DefinitionsTarget.parse({
    ...(file === undefined ? {} : { file }),
    ...(module === undefined ? {} : { module }),
    ...(attribute === undefined ? {} : { attribute }),
  });
  if (!/^\d+$/.test(port)) throw new Error(`--port ${port} is no number`);
  return { target, at: socket === undefined ? { host, port: Number(port) } : { socket } };
}

function log(message: string, more: Record<string, unknown> = {}): void {
  console.error(JSON.stringify({ time: new Date().toISOString(), message, ...more }));
}

addFrameworkPackage(import.meta.url);
// A promise that user code forgot must not take the other definitions away.
process.on("unhandledRejection", (reason) =>
  log("user code left a rejected promise unhandled", { error: userError(reason) }),
);
process.on("uncaughtException", (error) =>
  log("user code threw outside any evaluation", { error: userError(error) }),
);

try {
  const { target, at } = flags();
  const server = await serveDefinitions(at);
  const stop = (graceMs: number) => void server.close(graceMs).then(() => process.exit(0));
  process.once("SIGTERM", () => {
    server.drain();
    // A supervisor asks another one already.
    if (process.send) stop(LAST_ANSWERS_MS.supervised);
    else setTimeout(() => stop(LAST_ANSWERS_MS.alone), DRAIN_MS);
  });
  process.once("SIGINT", () => stop(0));
  // The thread is worth its memory while a module loads, which nothing else limits; an evaluation that blocks for long is
  // ended by the supervisor.
  const unwatch = followParent(() => process.exit(0), { group: true });
  process.on("message", () => process.send?.({ type: "pong" } satisfies Pong));
  const outcome = await loadDefinitions(target);
  unwatch();
  server.loaded(outcome);
  const ready: Ready = {
    type: "ready",
    address: server.address,
    hash: outcome.kind === "loaded" ? outcome.snapshot.hash : null,
    error: outcome.kind === "failed" ? outcome.error : null,
    watch: outcome.watch,
  };
  log(outcome.kind === "loaded" ? "definitions loaded" : "definitions do not load", {
    address: ready.address,
    hash: ready.hash,
    error: ready.error?.stack ?? ready.error?.message,
  });
  process.send?.(ready);
} catch (error) {
  log(`the code server cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
}
