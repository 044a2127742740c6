/** Prometheus metrics. The names are documented in the README; they are an API. */
import type { RunStatus } from "@dagster-operator/sdk/internal";
import type { Logger } from "pino";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { ServiceGate } from "../services.ts";

const OPEN: RunStatus[] = ["QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"];

export interface Metrics {
  registry: Registry;
  requests: Counter<"method" | "route" | "status">;
  duration: Histogram<"method" | "route">;
  runEvents: Counter<"type">;
}
export function createMetrics(registry: Registry, gate: ServiceGate, log: Logger): Metrics {
  const registers = [registry];
  new Gauge({
    name: "dagster_operator_storage_up",
    help: "1 when the database answers this scrape.",
    registers,
    // Asked here and not noted by the gauge below: all gauges of a scrape are collected at once.
    async collect() {
      try {
        await gate.now?.storage.runs.count({ statuses: ["QUEUED"] });
        this.set(gate.now ? 1 : 0);
      } catch (error) {
        log.warn({ err: error }, "storage does not answer a metrics scrape");
        this.set(0);
      }
    },
  });
  new Gauge({
    name: "dagster_operator_runs",
    help: "Runs that have not ended, by status.",
    labelNames: ["status"],
    registers,
    async collect() {
      const services = gate.now;
      if (!services) return;
      try {
        await Promise.all(
          OPEN.map(async (status) =>
            this.set({ status }, await services.storage.runs.count({ statuses: [status] })),
          ),
        );
      } catch {
        // A scrape while the database is away still tells all the rest; storage_up tells that it is away, and the log why.
        this.reset();
      }
    },
  });
  new Gauge({
    name: "dagster_operator_code_locations",
    help: "Code locations by state.",
    labelNames: ["state"],
    registers,
    collect() {
      this.reset();
      for (const { state } of gate.now?.workspace.list() ?? []) this.inc({ state });
    },
  });
  return {
    registry,
    requests: new Counter({
      name: "dagster_operator_http_requests_total",
      help: "HTTP requests answered.",
      labelNames: ["method", "route", "status"],
      registers,
    }),
    duration: new Histogram({
      name: "dagster_operator_http_request_duration_seconds",
      help: "Time to answer an HTTP request.",
      labelNames: ["method", "route"],
      buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    runEvents: new Counter({
      name: "dagster_operator_run_events_total",
      help: "Events accepted from run workers.",
      labelNames: ["type"],
      registers,
    }),
  };
}
