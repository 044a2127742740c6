import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** The daemon's metrics; README.md says what each one means. */
export interface DaemonMetrics {
  queueDepth: Gauge;
  dequeued: Counter;
  ticks: Counter<"kind" | "status">;
  lateness: Histogram<"kind">;
  backfillRuns: Counter;
  overdue: Counter<"kind">;
  forgotten: Counter<"what">;
  webhooks: Counter<"outcome">;
  faults: Counter<"loop">;
}

/** Registers them; a second daemon in one process and one registry shares them. */
export function daemonMetrics(registry: Registry): DaemonMetrics {
  const registers = [registry];
  return {
    queueDepth: once(registry, "dagster_queue_depth", (name) => {
      return new Gauge({ name, help: "Runs that wait in the queue", registers });
    }),
    dequeued: once(registry, "dagster_runs_dequeued_total", (name) => {
      return new Counter({ name, help: "Runs taken from the queue to be started", registers });
    }),
    ticks: once(registry, "dagster_ticks_total", (name) => {
      return new Counter({
        name,
        help: "Ticks closed, by kind and status",
        labelNames: ["kind", "status"],
        registers,
      });
    }),
    lateness: once(registry, "dagster_tick_lateness_seconds", (name) => {
      const buckets = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600];
      return new Histogram({
        name,
        help: "From when a tick was due to when it began",
        labelNames: ["kind"],
        buckets,
        registers,
      });
    }),
    backfillRuns: once(registry, "dagster_backfill_runs_total", (name) => {
      return new Counter({ name, help: "Runs requested by backfills", registers });
    }),
    overdue: once(registry, "dagster_runs_overdue_total", (name) => {
      return new Counter({
        name,
        help: "Runs ended by monitoring, by what took too long",
        labelNames: ["kind"],
        registers,
      });
    }),
    forgotten: once(registry, "dagster_retention_purged_total", (name) => {
      return new Counter({ name, help: "What retention has removed", labelNames: ["what"], registers });
    }),
    webhooks: once(registry, "dagster_webhook_deliveries_total", (name) => {
      return new Counter({
        name,
        help: "Tries to tell a webhook, by outcome",
        labelNames: ["outcome"],
        registers,
      });
    }),
    faults: once(registry, "dagster_daemon_faults_total", (name) => {
      return new Counter({
        name,
        help: "Loop iterations and ticks that failed and are tried again",
        labelNames: ["loop"],
        registers,
      });
    }),
  };
}

function once<M>(registry: Registry, name: string, make: (name: string) => M): M {
  return (registry.getSingleMetric(name) as M | undefined) ?? make(name);
}
