/** `GET /download_debug/<run id>`: everything of a run in one gzipped JSON file, to send along with a question. */
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { type EventLog, NotFound } from "@dagster-operator/engine";
import type { FastifyInstance } from "fastify";
import type { Services } from "../services.ts";

const PAGE = 1000;
async function* eventTexts(events: EventLog, runId: string): AsyncGenerator<string> {
  let after = 0;
  for (let first = true; ; ) {
    const page = await events.list(runId, { after, limit: PAGE });
    for (const record of page) {
      yield `${first ? "" : ",\n"}${JSON.stringify(record)}`;
      first = false;
      after = record.id;
    }
    if (page.length < PAGE) return;
  }
}

export function debugFile(app: FastifyInstance, services: () => Services, version: string): void {
  app.get("/download_debug/:runId", async (request, reply) => {
    const { runId } = request.params as { runId: string };
    const { storage } = services();
    const run = await storage.runs.get(runId);
    if (!run) throw new NotFound("run", runId);
    const steps = await storage.runs.steps(runId);
    const file = async function* () {
      yield `{"version":${JSON.stringify(version)},"run":${JSON.stringify(run)},"steps":${JSON.stringify(steps)},"events":[\n`;
      yield* eventTexts(storage.events, runId);
      yield "\n]}\n";
    };
    return reply
      .header("content-type", "application/gzip")
      .header("content-disposition", `attachment; filename="${encodeURIComponent(runId)}.gz"`)
      .send(Readable.from(file()).pipe(createGzip()));
  });
}
