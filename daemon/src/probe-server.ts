/** `/healthz`, `/readyz` and `/metrics` of a process that serves nothing else. */
import type { Server } from "node:http";
import type { Registry } from "prom-client";
import type { LoopHealth } from "./loop.ts";

// Not by `import`: as a module it brings Node's WebSocket and fetch along (45 ms of processor time and 14 MB).
const { createServer } = process.getBuiltinModule("node:http");

export interface ProbeOptions {
  metrics: Registry;
  /** null while it starts. */
  health: () => LoopHealth[] | null;
}

/** Alive as soon as it listens; ready when every loop has had an iteration that went well, and the newest of each did. */
export async function probeServer(
  port: number,
  { metrics, health }: ProbeOptions,
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    switch (request.url?.split("?")[0]) {
      case "/healthz":
        answer(200, { status: "ok" });
        return;
      case "/readyz": {
        const loops = health();
        const ready = loops?.every(
          ({ lastIterationAt, error }) => lastIterationAt !== null && error === null,
        );
        answer(ready ? 200 : 503, {
          status: ready ? "ready" : loops ? "a loop has trouble" : "starting",
          loops,
        });
        return;
      }
      case "/metrics":
        metrics.metrics().then(
          (text) => response.writeHead(200, { "content-type": metrics.contentType }).end(text),
          (error: unknown) => answer(500, { error: String(error) }),
        );
        return;
      default:
        answer(404, { error: "here are /healthz, /readyz and /metrics" });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, resolve);
  });
  return {
    port: portOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a listening server has a port");
  return address.port;
}
