/**
 * `GET /logs/<run id>/<log key>/<out|err>`: a step's stdout or stderr as text. Without `offset` the whole of it; with one, up
 * to 4 MiB from there (negative: from the end). `x-log-size` is its length so far, `x-log-offset` where the answer starts.
 */
import { Readable } from "node:stream";
import { InvalidInput, NotFound } from "@dagster-operator/engine";
import type { FastifyInstance } from "fastify";
import type { Services } from "../services.ts";

const CHUNK = 1024 * 1024;
const MAX_ANSWER = 4 * CHUNK;
const STREAMS: Record<string, "out" | "err"> = { out: "out", err: "err", stdout: "out", stderr: "err" };

export function logFiles(app: FastifyInstance, services: () => Services): void {
  app.get("/logs/*", async (request, reply) => {
    // Dagster's own form has `compute_logs` between run and key; a key may hold anything, so it is taken from the raw path.
    const parts = ((request.raw.url ?? "").split("?")[0] ?? "").split("/").slice(2).map(decodeURIComponent);
    const [runId, logKey, stream] = [parts[0], parts.at(-2), STREAMS[parts.at(-1) ?? ""]];
    if (parts.length < 3 || !runId || !logKey || !stream) throw new NotFound("log", request.url);
    const id = { runId, logKey, stream };
    const { computeLog, storage } = services();
    const { size } = await computeLog.read(id, 0, 1);
    if (size === 0 && !(await storage.runs.get(runId))) throw new NotFound("run", runId);
    reply
      .header("content-type", "text/plain; charset=utf-8")
      .header("x-log-size", String(size))
      .header("cache-control", "no-cache");

    const given = (request.query as { offset?: string }).offset;
    if (given === undefined) {
      reply.header("x-log-offset", "0");
      const chunks = async function* () {
        for (let at = 0; at < size; ) {
          const { data } = await computeLog.read(id, at, Math.min(CHUNK, size - at));
          if (data.length === 0) return;
          yield data;
          at += data.length;
        }
      };
      return reply.send(Readable.from(chunks(), { objectMode: false }));
    }
    const offset = Number(given);
    if (!Number.isSafeInteger(offset))
      throw new InvalidInput("offset must be a number of bytes; negative counts from the end");
    const from = offset < 0 ? Math.max(0, size + offset) : offset;
    const { data } = await computeLog.read(id, from, MAX_ANSWER);
    return reply.header("x-log-offset", String(from)).send(Buffer.from(data));
  });
}
