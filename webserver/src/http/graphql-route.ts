/** `/graphql`: POST and GET; a subscription answers as server-sent events (`next`, then `complete`). */

import { Readable } from "node:stream";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { InvalidInput } from "@dagster-operator/engine";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ExecutionResult } from "graphql";
import type { Context } from "../graphql/context.ts";
import { type GraphQLParams, runGraphQL } from "./execute.ts";
import { explorerPage } from "./explorer-page.ts";

const compress = promisify(gzip);
const MAX_BODY = 16 * 1024 * 1024;
/** Below it, compressing costs more than it saves. */
const COMPRESS_FROM = 4096;
/** A comment now and then, so that a proxy does not take a quiet stream for a dead one. */
const KEEP_ALIVE_MS = 12_000;

function record(value: unknown, what: string): Record<string, unknown> | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  let parsed = value;
  if (typeof value === "string")
    try {
      parsed = JSON.parse(value);
    } catch {
      throw new InvalidInput(`${what} is not valid JSON`);
    }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new InvalidInput(`${what} must be a JSON object`);
  return parsed as Record<string, unknown>;
}
const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
/** @throws InvalidInput no query, or variables that are no object */
function paramsOf(source: Record<string, unknown>): GraphQLParams {
  const query = text(source.query);
  if (!query) throw new InvalidInput("No GraphQL query found in the request");
  return {
    query,
    variables: record(source.variables, "variables"),
    operationName: text(source.operationName),
  };
}

export function graphqlRoute(
  app: FastifyInstance,
  contextOf: (request: FastifyRequest) => Promise<Context>,
): void {
  app.addContentTypeParser("application/graphql", { parseAs: "string" }, (_request, body, done) =>
    done(null, { query: body }),
  );

  app.post("/graphql", { bodyLimit: MAX_BODY }, async (request, reply) =>
    answer(
      request,
      reply,
      paramsOf({ ...(request.query as object), ...record(request.body, "the request's body") }),
      false,
    ),
  );
  app.get("/graphql", async (request, reply) => {
    if (request.headers.accept?.includes("text/html")) return explorerPage(reply);
    return answer(request, reply, paramsOf(request.query as Record<string, unknown>), true);
  });

  async function answer(
    request: FastifyRequest,
    reply: FastifyReply,
    params: GraphQLParams,
    readOnly: boolean,
  ) {
    const gone = new AbortController();
    const context = await contextOf(request);
    context.closing = AbortSignal.any([context.closing, gone.signal]);
    const outcome = await runGraphQL(params, context, { readOnly });
    if (outcome.kind === "stream") return sendStream(reply, outcome.results, gone);
    const { status, body } = outcome.answer;
    if (request.headers.accept?.startsWith("text/event-stream")) return sendStream(reply, once(body), gone);
    const json = JSON.stringify(body);
    reply
      .code(status)
      .header("content-type", "application/json; charset=utf-8")
      .header("vary", "accept-encoding");
    if (json.length < COMPRESS_FROM || !/\bgzip\b/.test(request.headers["accept-encoding"] ?? ""))
      return reply.send(json);
    return reply.header("content-encoding", "gzip").send(await compress(json, { level: 3 }));
  }
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}
function sendStream(
  reply: FastifyReply,
  results: AsyncGenerator<ExecutionResult | { data?: unknown }>,
  gone: AbortController,
): FastifyReply {
  const stream = new Readable({ read: () => undefined });
  const alive = setInterval(() => stream.push(":\n\n"), KEEP_ALIVE_MS);
  const pump = async () => {
    try {
      for await (const result of results) {
        if (stream.destroyed) return;
        stream.push(`event: next\ndata: ${JSON.stringify(result)}\n\n`);
        // Nothing more is read from storage while the client does not take what it was sent.
        while (stream.readableLength > 1024 * 1024 && !stream.destroyed)
          await new Promise((resolve) => setTimeout(resolve, 20));
      }
      stream.push("event: complete\ndata:\n\n");
      stream.push(null);
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    } finally {
      clearInterval(alive);
    }
  };
  stream.once("close", () => {
    clearInterval(alive);
    // A generator that waits cannot be told to return; what it waits for must end first.
    gone.abort();
    void results.return(undefined);
  });
  stream.push(":\n\n");
  void pump();
  return reply
    .header("content-type", "text/event-stream; charset=utf-8")
    .header("cache-control", "no-cache, no-transform")
    .header("x-accel-buffering", "no")
    .send(stream);
}
