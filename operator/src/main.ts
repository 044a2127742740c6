/**
 * The operator: one process, one leader among several.
 *
 *   node main.js --database-url postgres://… [--namespace N] [--watch-namespaces a,b | '*'] [--kubeconfig F]
 *     [--kube-api-qps 200] [--kube-api-burst 400] [--lease-name dagster-operator] [--metrics-port 9090] [--identity POD]
 *
 * Each flag may be given by environment: DAGSTER_OPERATOR_DATABASE_URL and so on. SIGTERM: ends what it holds, lets the
 * Lease go, exit 0. Exit 1: the leadership was lost or something is broken. 2: wrong flags.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { trimWhenIdle } from "@dagster-operator/engine";
import { holdDatabase, openStorage } from "@dagster-operator/storage";
import { pino } from "pino";
import { compose } from "./compose.ts";
import { type Flags, readFlags } from "./flags.ts";
import { KubeClient } from "./kube/client.ts";
import { loadConfig } from "./kube/config.ts";
import { OperatorMetrics } from "./metrics.ts";
import { parts } from "./parts.ts";
import { serveProbes } from "./serve.ts";

/** A pod that is killed for its silence comes back only later and later. */
const HOLD_PATIENCE_MS = 20_000;

const log = pino({
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  serializers: { error: pino.stdSerializers.err },
});

function flags(): Flags {
  try {
    return readFlags(process.argv.slice(2), process.env);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
}

async function main(): Promise<void> {
  const options = flags();
  const config = loadConfig(options.kubeconfig);
  const metrics = new OperatorMetrics();
  const client = new KubeClient(config, {
    qps: options.kubeApiQps,
    burst: options.kubeApiBurst,
    onRequest: (request) => metrics.requested(request),
  });
  const identity = options.identity ?? process.env.POD_NAME ?? `${hostname()}-${randomUUID().slice(0, 8)}`;
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  // Others of the cluster share it; a `dagsterctl dev` on this database would launch its runs on somebody's machine.
  const hold = await holdDatabase(options.databaseUrl, {
    name: `operator ${identity}`,
    shared: true,
    patienceMs: HOLD_PATIENCE_MS,
  });
  const storage = await openStorage(options.databaseUrl, { producer: `operator:${identity}` });
  const namespace = options.namespace ?? config.namespace;
  const operator = compose(
    {
      client,
      storage,
      metrics,
      log,
      namespace,
      watchNamespaces: options.watchNamespaces,
      leaseName: options.leaseName,
      identity,
    },
    parts(options),
  );
  const server = await serveProbes(options.metricsPort, options.metricsHost, metrics, async () => {
    if (!operator.ready()) return "the caches are not filled yet";
    await storage.ping();
    return null;
  });
  log.info({ server: config.server, namespace, identity, address: server.address() }, "the operator started");
  const stopTrimming = trimWhenIdle();
  try {
    await Promise.race([
      operator.run(stop.signal),
      hold.taken.then((conflict) => {
        throw conflict;
      }),
    ]);
  } finally {
    stopTrimming();
    server.close();
    server.closeAllConnections();
    await storage.close();
    await hold.release();
    client.close();
  }
}

main().then(
  () => log.info({}, "the operator stopped"),
  (error: unknown) => {
    log.fatal({ error }, "the operator ends");
    process.exitCode = 1;
  },
);
