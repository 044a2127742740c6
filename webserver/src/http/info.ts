/** Who answers here, and is it well: no service is needed to say so. */
import type { FastifyInstance } from "fastify";
import type { ServiceGate } from "../services.ts";
import type { Metrics } from "./metrics.ts";

/** The version of Dagster whose API this one is a subset of. */
const DAGSTER_VERSION = "1.13.27";

export function infoRoutes(
  app: FastifyInstance,
  of: { gate: ServiceGate; metrics: Metrics; version: string },
): void {
  const info = async () => ({
    dagster_webserver_version: DAGSTER_VERSION,
    dagster_version: DAGSTER_VERSION,
    dagster_graphql_version: DAGSTER_VERSION,
    dagster_operator_version: of.version,
  });
  app.get("/server_info", info);
  app.get("/dagit_info", info);
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const services = of.gate.now;
    if (!services) return reply.code(503).send({ status: "starting" });
    try {
      await services.storage.ping();
    } catch (error) {
      return reply.code(503).send({
        status: "storage does not answer",
        error: error instanceof Error ? error.message : String(error),
      });
    }
    return { status: "ready" };
  });
  app.get("/metrics", async (_request, reply) =>
    reply.header("content-type", of.metrics.registry.contentType).send(await of.metrics.registry.metrics()),
  );
}
