import type { Server } from "node:http";
import type { OperatorMetrics } from "./metrics.ts";

// Not by `import`: as a module it brings Node's WebSocket and fetch along (45 ms of processor time and 14 MB).
const { createServer } = process.getBuiltinModule("node:http");

/** `/healthz`: the process turns. `/readyz`: caches are filled and the database answers. `/metrics`: for Prometheus. */
export function serveProbes(
  port: number,
  host: string,
  metrics: OperatorMetrics,
  ready: () => Promise<string | null>,
): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = (status: number, text: string, type = "text/plain") =>
      response.writeHead(status, { "content-type": type }).end(text);
    const path = request.url?.split("?")[0];
    if (path === "/healthz") answer(200, "ok\n");
    else if (path === "/readyz")
      ready().then(
        (problem) => answer(problem === null ? 200 : 503, `${problem ?? "ok"}\n`),
        (error: unknown) => answer(503, `${error}\n`),
      );
    else if (path === "/metrics")
      metrics.registry.metrics().then(
        (text) => answer(200, text, metrics.registry.contentType),
        (error: unknown) => answer(500, `${error}\n`),
      );
    else answer(404, "healthz, readyz and metrics are here\n");
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}
