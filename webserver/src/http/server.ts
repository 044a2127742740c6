/** Puts the parts together: one fastify with GraphQL, the run API, files and metrics. */
import type { AddressInfo, Socket } from "node:net";
import { fileURLToPath } from "node:url";
import {
  type Clock,
  Conflict,
  DEFAULT_POOL_SETTINGS,
  InvalidInput,
  systemClock,
} from "@dagster-operator/engine";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from "fastify";
import { type Logger, pino } from "pino";
import { collectDefaultMetrics, Registry } from "prom-client";
import { type WorkspaceIndex, workspaceIndexer } from "../definitions/workspace-index.ts";
import type { InstanceInfo } from "../graphql/context.ts";
import { createContext } from "../graphql/create-context.ts";
import { ServiceGate, type Services } from "../services.ts";
import { debugFile } from "./debug-file.ts";
import { graphqlRoute } from "./graphql-route.ts";
import { sendError } from "./http-errors.ts";
import { infoRoutes } from "./info.ts";
import { logFiles } from "./log-files.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { reportAsset } from "./report-asset.ts";
import { runApi } from "./run-api.ts";
import { staticUi } from "./static-ui.ts";

export interface WebserverOptions {
  /** May be a promise: the page and `/healthz` are served at once, what needs these waits for them. */
  services: Services | Promise<Services>;
  /** Folder of the built page; null = none. Default: the one built in this repository. */
  uiDir?: string | null | undefined;
  /** Default: pino on stdout, level info. */
  log?: Logger | undefined;
  /** Metrics of this process; default a new one, with those of Node. */
  registry?: Registry | undefined;
  instance?: Partial<InstanceInfo> | undefined;
  clock?: Clock | undefined;
}
export interface Webserver {
  fastify: FastifyInstance;
  /** Resolves with the port (as `port: 0` picks a free one). @throws Conflict the port is taken · InvalidInput it may not be opened */
  listen(at: { host?: string | undefined; port: number }): Promise<{ port: number; url: string }>;
  /** Ends open streams and long polls, answers what has begun, then closes. */
  close(): Promise<void>;
}

const VERSION = "0.1.0";
/** How long an answer that has begun may take after `close`. */
const CLOSE_GRACE_MS = 5_000;
/** From `src/http` as from `dist/http`. */
const UI_DIR = fileURLToPath(new URL("../../../ui/dist", import.meta.url));

/** Returns at once; nothing is served before `listen`. */
export function createWebserver(options: WebserverOptions): Webserver {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? pino({ level: "info" });
  const gate = new ServiceGate(options.services);
  const metrics = createMetrics(options.registry ?? defaultRegistry(), gate, log);
  const instance: InstanceInfo = {
    name: "dagster-operator",
    version: VERSION,
    info: null,
    runLauncher: "DefaultRunLauncher",
    queue: { maxConcurrentRuns: -1, tagLimits: [] },
    readOnly: false,
    ...options.instance,
  };
  const closing = new AbortController();
  const fastify = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: "idle",
    bodyLimit: 1024 * 1024,
    routerOptions: { maxParamLength: 1000 },
  });
  fastify.setErrorHandler(sendError);
  const silent = silentSockets(fastify);
  observe(fastify, metrics);
  infoRoutes(fastify, { gate, metrics, version: instance.version });

  const services = (): Services => {
    if (!gate.now) throw new Error("a route ran before its services were ready");
    return gate.now;
  };
  let indexer: (() => WorkspaceIndex) | undefined;
  const contextOf = async (request: FastifyRequest) => {
    indexer ??= workspaceIndexer(services().workspace);
    return createContext({
      services: services(),
      index: indexer,
      clock,
      log: request.log as Logger,
      instance,
      closing: closing.signal,
    });
  };
  const ready = async () => {
    await gate.get();
  };
  fastify.register(async (api) => {
    api.addHook("onRequest", ready);
    // A page of another origin may send text/plain without asking; nothing here is written that way.
    api.removeContentTypeParser("text/plain");
    graphqlRoute(api, contextOf);
    logFiles(api, services);
    reportAsset(api, services, clock, instance.readOnly);
    debugFile(api, services, instance.version);
  });
  fastify.register(
    async (api) => {
      api.addHook("onRequest", ready);
      const pools = instance.queue.pools ?? DEFAULT_POOL_SETTINGS;
      runApi(api, { services, clock, metrics, pools, closing: closing.signal });
    },
    { prefix: "/run-api/v1" },
  );
  staticUi(fastify, options.uiDir === undefined ? UI_DIR : options.uiDir);

  return {
    fastify,
    listen: (at) => listen(fastify, at.host ?? "127.0.0.1", at.port),
    close: async () => {
      closing.abort();
      await closeGently(fastify, silent);
    },
  };
}

/** Connections that have sent nothing yet: browsers open some ahead, and Node does not count them as idle. */
function silentSockets(fastify: FastifyInstance): Set<Socket> {
  const silent = new Set<Socket>();
  fastify.server.on("connection", (socket) => {
    silent.add(socket);
    socket.once("close", () => silent.delete(socket));
  });
  fastify.server.on("request", (request) => silent.delete(request.socket));
  return silent;
}
async function closeGently(fastify: FastifyInstance, silent: Set<Socket>): Promise<void> {
  // Connections become idle as their streams end, after fastify has closed those that were idle at first.
  const sweep = setInterval(() => {
    fastify.server.closeIdleConnections();
    for (const socket of silent) socket.destroy();
  }, 50);
  const last = setTimeout(() => fastify.server.closeAllConnections(), CLOSE_GRACE_MS);
  try {
    await fastify.close();
  } finally {
    clearInterval(sweep);
    clearTimeout(last);
  }
}

function defaultRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** The run that a request is about is on each of its log lines; each answer is counted. */
function observe(fastify: FastifyInstance, metrics: Metrics): void {
  fastify.addHook("preHandler", async (request, reply) => {
    const { runId } = (request.params ?? {}) as { runId?: string };
    if (!runId) return;
    request.log = request.log.child({ runId });
    reply.log = request.log;
  });
  fastify.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "other";
    const { method } = request;
    metrics.requests.inc({ method, route, status: String(reply.statusCode) });
    metrics.duration.observe({ method, route }, reply.elapsedTime / 1000);
    request.log.debug(
      { method, url: request.url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      "answered",
    );
  });
}

async function listen(
  fastify: FastifyInstance,
  host: string,
  port: number,
): Promise<{ port: number; url: string }> {
  try {
    await fastify.listen({ host, port });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EADDRINUSE")
      throw new Conflict(
        `port ${port} on ${host} is in use by another process: choose another with --port (-p), or stop that process`,
      );
    if (code === "EACCES")
      throw new InvalidInput(
        `port ${port} on ${host} may not be opened by this user: choose one above 1023 with --port (-p)`,
      );
    throw error;
  }
  const address = fastify.server.address() as AddressInfo;
  const name = host === "0.0.0.0" || host === "::" || host === "127.0.0.1" ? "localhost" : host;
  return { port: address.port, url: `http://${name}:${address.port}` };
}
