import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { ControllerMetrics } from "./runtime/controller.ts";

/** What the operator tells Prometheus. */
export class OperatorMetrics implements ControllerMetrics {
  readonly registry = new Registry();
  readonly #reconciles = new Counter({
    name: "dagster_operator_reconcile_total",
    help: "Reconciles by controller and result",
    labelNames: ["controller", "result"],
    registers: [this.registry],
  });
  readonly #seconds = new Histogram({
    name: "dagster_operator_reconcile_duration_seconds",
    help: "Duration of reconciles by controller",
    labelNames: ["controller"],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
    registers: [this.registry],
  });
  readonly #depth = new Gauge({
    name: "dagster_operator_workqueue_depth",
    help: "Keys that wait for a worker",
    labelNames: ["controller"],
    registers: [this.registry],
  });
  readonly #leader = new Gauge({
    name: "dagster_operator_leader",
    help: "1 while this process leads",
    registers: [this.registry],
  });
  readonly #requests = new Counter({
    name: "dagster_operator_kube_requests_total",
    help: "Requests to the API server; status 0: no answer",
    labelNames: ["verb", "resource", "status"],
    registers: [this.registry],
  });
  readonly #watchFaults = new Counter({
    name: "dagster_operator_watch_faults_total",
    help: "Lists and watches that broke",
    labelNames: ["resource"],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.#leader.set(0);
  }

  reconciled(controller: string, result: string, seconds: number): void {
    this.#reconciles.inc({ controller, result });
    this.#seconds.observe({ controller }, seconds);
  }

  depth(controller: string, depth: number): void {
    this.#depth.set({ controller }, depth);
  }

  leading(leads: boolean): void {
    this.#leader.set(leads ? 1 : 0);
  }

  requested({ verb, resource, status }: { verb: string; resource: string; status: number }): void {
    this.#requests.inc({ verb, resource, status });
  }

  watchBroke(resource: string): void {
    this.#watchFaults.inc({ resource });
  }
}
