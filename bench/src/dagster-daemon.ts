/** The peer's daemon on Postgres, with threads as its chart sets them, and a launcher that does nothing. */
import { execFile, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { dagsterBin, dagsterEnv, peerFile } from "./dagster.ts";

export interface DagsterInstallation {
  /** Puts so many runs of ticking.py's job into the queue. */
  enqueue(count: number): Promise<void>;
  /** `dagster-daemon run` on `ticking.py` with this environment. */
  start(env: Record<string, string>): { pid: number; stop(): Promise<void> };
}

/** So many at once as ours evaluates by default. */
const WORKERS = 8;

/** An instance on the database. `maxRuns` at once; -1: any number. */
export function dagsterOn(url: string, { maxRuns = 10 } = {}): DagsterInstallation {
  const env = { ...dagsterEnv(), PYTHONPATH: dirname(peerFile("idle_launcher.py")) };
  const threads = { use_threads: true, num_workers: WORKERS };
  const settings = {
    storage: { postgres: { postgres_url: url.replace("postgres://", "postgresql+psycopg2://") } },
    run_launcher: { module: "idle_launcher", class: "IdleLauncher" },
    run_coordinator: {
      module: "dagster.core.run_coordinator",
      class: "QueuedRunCoordinator",
      config: { max_concurrent_runs: maxRuns, dequeue_use_threads: true, dequeue_num_workers: WORKERS },
    },
    run_monitoring: { enabled: false },
    schedules: threads,
    sensors: threads,
    telemetry: { enabled: false },
  };
  // JSON is YAML.
  writeFileSync(join(env.DAGSTER_HOME, "dagster.yaml"), JSON.stringify(settings));
  const definitions = peerFile("ticking.py");
  return {
    async enqueue(count) {
      await promisify(execFile)(dagsterBin("python"), [peerFile("enqueue.py"), String(count), definitions], {
        env,
        maxBuffer: 1 << 28,
      });
    },
    start(more) {
      const args = ["-m", "dagster._daemon", "run", "-f", definitions, "--log-level", "warning"];
      const child = spawn(dagsterBin("python"), args, {
        env: { ...env, ...more },
        stdio: ["ignore", "ignore", "inherit"],
      });
      const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      return {
        pid: child.pid ?? 0,
        async stop() {
          child.kill("SIGINT");
          await ended;
        },
      };
    },
  };
}
