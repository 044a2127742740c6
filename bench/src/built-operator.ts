/** The operator as its image runs it: `bin/dagster-operator operator` from dist, all parts, its own defaults. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ClusterSystem } from "../../operator/test/cluster/cluster-system.ts";
import { until } from "./system.ts";

const BIN = fileURLToPath(new URL("../../bin/dagster-operator", import.meta.url));
const BUILT = new URL("../../operator/dist/main.js", import.meta.url);

export interface BuiltOperator {
  pid: number;
  /** Answered requests that write, by verb and resource, but for its Lease. */
  writes(): Promise<Record<string, number>>;
  /** Rejects when it ends before it is closed, as one that cannot renew its Lease does. */
  broken: Promise<never>;
  close(): Promise<void>;
}

/** Resolves once it leads and code location `here` has its row. */
export async function startOperator(system: ClusterSystem): Promise<BuiltOperator> {
  if (!existsSync(BUILT)) throw new Error(`${fileURLToPath(BUILT)} is missing: run "make build"`);
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const flags = {
    "database-url": system.databaseUrl,
    namespace: system.namespace,
    "watch-namespaces": system.namespace,
    "run-api-url": system.url,
    "metrics-port": String(port),
    "metrics-host": "127.0.0.1",
  };
  const child = spawn(
    process.execPath,
    [BIN, "operator", ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])],
    {
      // As the chart has it.
      env: { ...process.env, NODE_OPTIONS: "--max-semi-space-size=2" },
      stdio: ["ignore", process.env.VERBOSE ? "inherit" : "ignore", "inherit"],
    },
  );
  const exited = once(child, "exit");
  let closing = false;
  const broken = exited.then(([code]): Promise<never> => {
    if (closing) return new Promise(() => undefined);
    throw new Error(`the operator ended with exit code ${code}; VERBOSE=1 shows its log`);
  });
  broken.catch(() => undefined); // whoever waits for it hears of it
  const close = async () => {
    closing = true;
    child.kill("SIGTERM");
    await exited;
  };
  const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  try {
    await until(async () => /^dagster_operator_leader 1$/m.test(await metrics()), { everyMs: 100 });
    // A new leader removes rows that no CodeLocation stands for, and the one of these runs is such a row.
    await until(async () => (await system.storage.locations.get("here")) === null, { everyMs: 50 });
    await system.locate();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    pid: child.pid ?? 0,
    async writes() {
      const line =
        /^dagster_operator_kube_requests_total\{verb="(\w+)",resource="(\w+)",status="(\d+)"\} (\d+)$/gm;
      const writes: Record<string, number> = {};
      for (const [, verb, resource, status, count] of (await metrics()).matchAll(line)) {
        if (verb === "GET" || resource === "leases" || status === "0") continue;
        writes[`${verb} ${resource}`] = (writes[`${verb} ${resource}`] ?? 0) + Number(count);
      }
      return writes;
    },
    broken,
    close,
  };
}
