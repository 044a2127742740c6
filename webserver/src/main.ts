/**
 * The webserver of a cluster: page, GraphQL and run API over Postgres and the code locations that the operator keeps there.
 *
 *   node main.js [--host 0.0.0.0] [--port 3000] [--instance FILE] [--log-level info] [--read-only]
 *
 * With --read-only nothing can be changed through it: mutations and reports from outside are refused, runs report all the same.
 * DAGSTER_OPERATOR_DATABASE_URL names the database (password: there, or PGPASSWORD). It listens at once and is ready when the
 * database answers. SIGTERM ends open streams and stops. Exit 1: it could not go on. 2: wrong flags or settings.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { TableWorkspace } from "@dagster-operator/codeserver/client";
import { InvalidInput, parseInstanceConfig, systemClock } from "@dagster-operator/engine";
import { openWhenUp } from "@dagster-operator/storage";
import { pino } from "pino";
import { createWebserver } from "./http/server.ts";

/** After this the process ends, whatever is still open (ms); below the 30 s that a pod is given. */
const STOP_MS = 20_000;
/** How long a Service may still lead to a pod that was told to go (ms). */
const DRAIN_MS = 5_000;
/** How long it waits for the definitions of all code locations before it is ready (ms). */
const FIRST_LOOK_MS = 5_000;

function settings() {
  const { values } = parseArgs({
    options: {
      host: { type: "string", default: "0.0.0.0" },
      port: { type: "string", default: "3000" },
      instance: { type: "string" },
      "log-level": { type: "string", default: "info" },
      "read-only": { type: "boolean", default: false },
    },
  });
  const url = process.env.DAGSTER_OPERATOR_DATABASE_URL;
  if (!url)
    throw new InvalidInput("DAGSTER_OPERATOR_DATABASE_URL is not set: name the database, postgres://…");
  if (!/^\d+$/.test(values.port)) throw new InvalidInput(`--port ${values.port} is no number`);
  const text = values.instance === undefined ? null : readFileSync(values.instance, "utf8");
  return {
    url,
    host: values.host,
    port: Number(values.port),
    level: values["log-level"],
    readOnly: values["read-only"],
    config: parseInstanceConfig(text),
    text,
  };
}

async function serve(): Promise<void> {
  const { url, host, port, level, readOnly, config, text } = settings();
  const log = pino({ level });
  const opened = openWhenUp(url, {
    onWait: ({ message }) => log.warn({ error: message }, "waiting for the database"),
  });
  const services = opened.then(async ({ storage, computeLog }) => {
    const workspace = new TableWorkspace({
      storage,
      onFault: (err) => log.warn({ err }, "code locations could not be read"),
    });
    const tokenSecret = await storage.setting("token_secret", () => randomBytes(32).toString("hex"));
    // The first page shows what is there; a code server that hangs must not hold it up.
    await Promise.race([workspace.ready, systemClock.sleep(FIRST_LOOK_MS)]);
    return { storage, computeLog, workspace, tokenSecret };
  });
  const webserver = createWebserver({
    services,
    log,
    instance: {
      info: text,
      runLauncher: "K8sRunLauncher",
      queue: config.queue,
      readOnly,
    },
  });
  const stop = async () => {
    setTimeout(() => process.exit(0), STOP_MS).unref();
    await webserver.close();
    const running = await services;
    await running.workspace.close();
    await running.storage.close();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      log.info({ signal }, "stopping");
      const drained = systemClock.sleep(signal === "SIGTERM" ? DRAIN_MS : 0);
      drained.then(stop).catch((error: unknown) => fail(error));
    });
  }
  const listening = await webserver.listen({ host, port });
  await services;
  log.info({ port: listening.port }, "the webserver is ready");
}

function fail(error: unknown): never {
  console.error(error instanceof InvalidInput ? error.message : error);
  process.exit(error instanceof InvalidInput ? 2 : 1);
}

serve().catch(fail);
