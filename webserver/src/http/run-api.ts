/** The run API (`engine/src/run-api.ts`): all that a run worker may ask, each request with its run's token. */
import {
  type Clock,
  Conflict,
  InvalidInput,
  isEnded,
  knownOnResume,
  NotFound,
  type PoolSettings,
  PostEvents,
  type RunRecord,
  verifyRunToken,
} from "@dagster-operator/engine";
import type { RunContext, RunStatus } from "@dagster-operator/sdk/internal";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Services } from "../services.ts";
import { Gone, Unauthorized } from "./http-errors.ts";
import type { Metrics } from "./metrics.ts";
import { bodyOf, MAX_BODY, waitOf } from "./run-api-request.ts";
import { slotRoutes } from "./slot-routes.ts";
import { stepRoutes } from "./step-routes.ts";
import { waitForChange } from "./wait-for-change.ts";

const DynamicPartitionsChange = z.object({
  add: z.array(z.string()).default([]),
  delete: z.array(z.string()).default([]),
});

export interface RunApiDeps {
  services: () => Services;
  clock: Clock;
  metrics: Metrics;
  pools: PoolSettings;
  closing: AbortSignal;
}
type RunParams = { runId: string };
const runIdOf = (request: FastifyRequest): string => (request.params as RunParams).runId;

export function runApi(app: FastifyInstance, { services, clock, metrics, pools, closing }: RunApiDeps): void {
  app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: MAX_BODY }, (_request, body, done) =>
    done(null, body),
  );

  /** The attempt that the token is good for. @throws Unauthorized */
  function attemptOf(request: FastifyRequest): number {
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (!token) throw new Unauthorized("send the run's token as Authorization: Bearer <token>");
    const claims = verifyRunToken(services().tokenSecret, token, clock.now());
    if (!claims)
      throw new Unauthorized("the token is not valid: it was not made by this installation, or has expired");
    if (claims.runId !== runIdOf(request))
      throw new Unauthorized(`the token is for another run than ${runIdOf(request)}`);
    return claims.attempt;
  }
  /** @throws Unauthorized · NotFound · Conflict a newer attempt holds the run */
  async function authorized(request: FastifyRequest): Promise<{ run: RunRecord; attempt: number }> {
    const attempt = attemptOf(request);
    const run = await services().storage.runs.get(runIdOf(request));
    if (!run) throw new NotFound("run", runIdOf(request));
    if (run.attempt > attempt)
      throw new Conflict(
        `attempt ${attempt} of run ${run.runId} is fenced: attempt ${run.attempt} has taken over`,
      );
    return { run, attempt };
  }
  /** With its code away: as it was submitted, so that steps are run again rather than not at all. */
  async function knownNow(run: RunRecord): Promise<RunContext["known"]> {
    const { storage, workspace } = services();
    const snapshot = workspace.get(run.location)?.snapshot;
    return snapshot ? knownOnResume(storage, run, snapshot) : run.known;
  }
  const control = (status: RunStatus) => ({
    status,
    cancel: status === "CANCELING" || status === "CANCELED",
  });

  app.get("/runs/:runId", async (request): Promise<RunContext> => {
    const { run, attempt } = await authorized(request);
    if (isEnded(run.status)) throw new Gone(`run ${run.runId} has ended (${run.status})`);
    const {
      runId,
      job,
      location,
      assets,
      checks,
      steps,
      runConfig,
      tags,
      partition,
      parentRunId,
      rootRunId,
      known,
    } = run;
    return {
      runId,
      job,
      location,
      assets,
      checks,
      steps,
      runConfig,
      tags,
      partition,
      parentRunId,
      rootRunId,
      known: attempt > 1 ? await knownNow(run) : known,
      attempt,
    };
  });

  app.post("/runs/:runId/events", { bodyLimit: MAX_BODY }, async (request) => {
    const attempt = attemptOf(request);
    const runId = runIdOf(request);
    const { producer, events } = bodyOf(request, PostEvents, "events are not as they should be");
    if (!producer.startsWith("worker:"))
      throw new InvalidInput(`producer "${producer}" is not a worker: it must start with worker:`);
    const { acceptedThrough, status } = await services().storage.events.append({
      runId,
      producer,
      attempt,
      events,
    });
    for (const { event } of events) metrics.runEvents.inc({ type: event.type });
    return { acceptedThrough, ...control(status) };
  });

  app.post("/runs/:runId/logs/:logKey/:stream", { bodyLimit: MAX_BODY }, async (request, reply) => {
    const { run } = await authorized(request);
    const { logKey, stream } = request.params as { logKey: string; stream: string };
    if (stream !== "out" && stream !== "err")
      throw new InvalidInput(`there is no stream "${stream}": name out or err`);
    const offset = Number((request.query as { offset?: string }).offset ?? 0);
    if (!Number.isSafeInteger(offset) || offset < 0)
      throw new InvalidInput("offset must be a number of bytes");
    if (request.body !== undefined && request.body !== null) {
      if (!Buffer.isBuffer(request.body))
        throw new InvalidInput("send the log as raw bytes (application/octet-stream)");
      await services().computeLog.append({ runId: run.runId, logKey, stream }, offset, request.body);
    }
    return reply.code(204).send();
  });

  app.get("/runs/:runId/control", async (request) => {
    const { run } = await authorized(request);
    const ms = waitOf(request);
    if (ms === 0 || control(run.status).cancel || isEnded(run.status)) return control(run.status);
    const { storage } = services();
    const status = await waitForChange({
      storage,
      clock,
      runId: run.runId,
      read: async () => (await storage.runs.get(run.runId))?.status ?? run.status,
      enough: (status) => status !== run.status,
      ms,
      signal: closing,
    });
    // A newer attempt may have taken over meanwhile.
    await authorized(request);
    return control(status);
  });

  slotRoutes(app, { services, clock, closing, pools, authorized });
  stepRoutes(app, { services, clock, closing, authorized });

  app.get("/runs/:runId/assets/*", async (request) => {
    await authorized(request);
    // The router has decoded the path, which would take a slash inside a part for a border between two.
    const raw = /\/assets\/(.+)\/latest$/.exec((request.raw.url ?? "").split("?")[0] ?? "")?.[1];
    if (!raw) throw new NotFound("path", request.url);
    const key = raw.split("/").map(decodeURIComponent);
    const partition = (request.query as { partition?: string }).partition;
    const { assets } = services().storage;
    if (partition === undefined) {
      const [state] = await assets.states([key]);
      return { event: state?.lastMaterialization?.event ?? null };
    }
    const [latest] = await assets.history(key, { kind: "materialization", partition, limit: 1 });
    return { event: latest?.event ?? null };
  });

  app.get("/runs/:runId/dynamic-partitions/:name", async (request) => {
    await authorized(request);
    return {
      keys: await services().storage.assets.dynamicPartitions((request.params as { name: string }).name),
    };
  });
  app.post("/runs/:runId/dynamic-partitions/:name", async (request, reply) => {
    await authorized(request);
    const { name } = request.params as { name: string };
    const change = bodyOf(request, DynamicPartitionsChange, 'send {"add": [], "delete": []}');
    const { assets } = services().storage;
    if (change.add.length > 0) await assets.addDynamicPartitions(name, change.add);
    if (change.delete.length > 0) await assets.deleteDynamicPartitions(name, change.delete);
    return reply.code(204).send();
  });
}
