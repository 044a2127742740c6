/** The only wiring: storage, code servers, webserver, daemon and compute loop in one process. */
import { randomBytes, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Daemon } from "@dagster-operator/daemon";
import { type Conflict, runComputeLoop, type Storage, systemClock } from "@dagster-operator/engine";
import type { ExtraDefinitions } from "@dagster-operator/sdk/internal";
import type { Logger } from "pino";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { InstanceFolder } from "./instance/folder.ts";
import type { InstanceSettings } from "./instance/instance-file.ts";
import { builtPage } from "./system/built-page.ts";
import { reachableUrl } from "./system/network.ts";
import { VERSION } from "./version.ts";
import { ListedWorkspace } from "./workspace/listed-workspace.ts";
import type { LocationSpec } from "./workspace/location.ts";

export interface SystemOptions {
  folder: InstanceFolder;
  /** `postgres://…`; absent = embedded in the folder. */
  postgres?: string | undefined;
  locations: LocationSpec[];
  /** Definitions of manifests, by location. */
  extra: ReadonlyMap<string, ExtraDefinitions>;
  settings: InstanceSettings;
  host: string;
  /** 0 = any free one. */
  port: number;
  /** False: schedules and sensors do not tick. */
  automation: boolean;
  /** Page and API change nothing. */
  readOnly?: boolean;
  log: Logger;
}

export interface System {
  port: number;
  /** As processes on this machine reach it. */
  url: string;
  workspace: ListedWorkspace;
  /** Resolves when everything runs; rejects with what kept it from starting. */
  ready: Promise<Storage>;
  /** Resolves when another system has the database since, after a time in which the server was away: close this one. */
  taken: Promise<Conflict>;
  /** Ends everything in order; no child process stays. Runs under way end as failed with that reason. */
  close(): Promise<void>;
}

/**
 * Code servers first, for they are processes of their own; then the page; storage and the loops come up behind it. Each part
 * is imported when its turn has come, so that none waits for another's modules.
 * @throws Conflict the port is in use, or the Postgres database by another system · Unavailable the server does not answer
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { folder, log, host } = options;
  const hold = options.postgres === undefined ? null : await holdPostgres(options.postgres);
  const { LocalWorkspace } = await import("@dagster-operator/codeserver/supervisor");
  const workspace = new ListedWorkspace(
    options.locations,
    options.extra,
    (locations) =>
      new LocalWorkspace({
        locations,
        onOutput: (location, stream, data) => log.info({ location, stream }, data.toString("utf8").trimEnd()),
      }),
  );
  const { createWebserver } = await import("@dagster-operator/webserver");
  const listening = Promise.withResolvers<void>();
  const opening = listening.promise.then(async () => {
    const { FileComputeLog, openStorage } = await import("@dagster-operator/storage");
    const storage = await openStorage(options.postgres ?? folder.database);
    return { storage, computeLog: new FileComputeLog(folder.computeLogs) };
  });
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  let daemon: Daemon | null = null;
  const served = opening.then(async ({ storage, computeLog }) => ({
    storage,
    workspace,
    computeLog,
    tokenSecret: await storage.setting("token_secret", () => randomBytes(32).toString("hex")),
  }));
  // Whoever waits for `ready` is told; until then it must not end the process.
  served.catch(() => undefined);
  const webserver = createWebserver({
    services: served,
    uiDir: builtPage(),
    log,
    registry: metrics,
    instance: {
      version: VERSION,
      queue: options.settings.queue,
      runLauncher: "LocalProcessBackend",
      readOnly: options.readOnly ?? false,
    },
  });
  const closeFirst = async () => {
    await Promise.all([webserver.close(), workspace.close()]);
    await opening.then(
      ({ storage }) => storage.close(),
      () => undefined,
    );
    await hold?.release();
  };
  let port: number;
  try {
    port = (await webserver.listen({ host, port: options.port })).port;
  } catch (error) {
    listening.reject(error);
    await closeFirst();
    throw error;
  }
  listening.resolve();
  const url = reachableUrl(host, port);

  const { LocalProcessBackend } = await import("@dagster-operator/runworker/launcher");
  const backend = new LocalProcessBackend({
    source: (location) => workspace.source(location),
    artifacts: folder.artifacts,
    spool: folder.spool,
  });
  const stopping = new AbortController();
  let closing = false;
  let computing: Promise<void> = Promise.resolve();
  const ready = served.then(async ({ storage, computeLog, tokenSecret }) => {
    const { daemonConfig, startDaemon } = await import("@dagster-operator/daemon");
    if (closing) return storage;
    computing = runComputeLoop({
      storage,
      backend,
      url: `${url}/run-api/v1`,
      tokenSecret,
      owner: `local:${randomUUID()}`,
      clock: systemClock,
      signal: stopping.signal,
      maxResumeAttempts: options.settings.maxResumeAttempts ?? 0,
      onFault: (what, error) => log.error({ err: error }, what),
    });
    daemon = startDaemon({
      storage,
      workspace,
      computeLog,
      clock: systemClock,
      log,
      metrics,
      config: daemonConfig(options.settings),
      ...(options.automation ? {} : { loops: ["queue" as const] }),
    });
    return storage;
  });
  ready.catch(() => undefined);

  return {
    port,
    url,
    workspace,
    ready,
    taken: hold?.taken ?? new Promise(() => undefined),
    close: async () => {
      closing = true;
      // What is being started is there to be stopped, or has not been started.
      await ready.catch(() => undefined);
      await daemon?.close();
      // Workers first: the compute loop still records their ends, through a storage that is still open.
      await backend.close();
      stopping.abort();
      await computing;
      await closeFirst();
    },
  };
}

/** The second system on a server is refused before it starts anything. */
async function holdPostgres(url: string) {
  const { holdDatabase } = await import("@dagster-operator/storage");
  return holdDatabase(url, { name: `dagsterctl, process ${process.pid} on ${hostname()}` });
}
