/**
 * The daemon of a cluster: queue, schedules and sensors over Postgres and the code locations that the operator keeps there.
 * Any number may run beside each other.
 *
 *   node main.js [--probe-port 9090] [--instance FILE] [--log-level info]
 *
 * DAGSTER_OPERATOR_DATABASE_URL names the database (password: there, or PGPASSWORD). SIGTERM begins nothing new and lets what
 * is under way end. Exit 1: it could not go on. 2: wrong flags or settings.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { TableWorkspace } from "@dagster-operator/codeserver/client";
import { InvalidInput, parseInstanceConfig, systemClock } from "@dagster-operator/engine";
import { openWhenUp } from "@dagster-operator/storage";
import { pino } from "pino";
import { collectDefaultMetrics, Registry } from "prom-client";
import { daemonConfig } from "./config.ts";
import { probeServer } from "./probe-server.ts";
import { type Daemon, startDaemon } from "./start-daemon.ts";

/** After this the process ends, whatever still runs (ms); below the 30 s that a pod is given. Leases free what it held. */
const STOP_MS = 25_000;

function settings() {
  const { values } = parseArgs({
    options: {
      "probe-port": { type: "string", default: "9090" },
      instance: { type: "string" },
      "log-level": { type: "string", default: "info" },
    },
  });
  const url = process.env.DAGSTER_OPERATOR_DATABASE_URL;
  if (!url)
    throw new InvalidInput("DAGSTER_OPERATOR_DATABASE_URL is not set: name the database, postgres://…");
  const port = values["probe-port"];
  if (!/^\d+$/.test(port)) throw new InvalidInput(`--probe-port ${port} is no number`);
  const text = values.instance === undefined ? null : readFileSync(values.instance, "utf8");
  return {
    url,
    port: Number(port),
    level: values["log-level"],
    config: daemonConfig(parseInstanceConfig(text, process.env)),
  };
}

async function run(): Promise<void> {
  const { url, port, level, config } = settings();
  const log = pino({ level });
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  let daemon: Daemon | null = null;
  const probes = await probeServer(port, { metrics, health: () => daemon?.health() ?? null });
  const stopping = Promise.withResolvers<void>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      log.info({ signal }, "stopping");
      setTimeout(() => process.exit(0), STOP_MS).unref();
      // Nothing runs yet while the database is awaited.
      if (daemon === null) process.exit(0);
      stopping.resolve();
    });
  }
  const { storage, computeLog } = await openWhenUp(url, {
    onWait: ({ message }) => log.warn({ error: message }, "waiting for the database"),
  });
  const workspace = new TableWorkspace({
    storage,
    onFault: (err) => log.warn({ err }, "code locations could not be read"),
  });
  // A location that it did not look for yet would be taken for one that is not there.
  await workspace.ready;
  daemon = startDaemon({ storage, workspace, computeLog, clock: systemClock, log, metrics, config });
  log.info({ port: probes.port }, "the daemon runs");
  await stopping.promise;
  await daemon.close();
  await workspace.close();
  await storage.close();
  await probes.close();
  process.exit(0);
}

run().catch((error: unknown) => {
  console.error(error instanceof InvalidInput ? error.message : error);
  process.exit(error instanceof InvalidInput ? 2 : 1);
});
