/** The HTTP face of one loaded code location. Bare node:http: every code location pays for what is imported here. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { z } from "zod";
import { answer, type Reply } from "./answer.ts";
import { Extended, WithExtra } from "./extended.ts";
import type { LoadOutcome } from "./loader/load-definitions.ts";
import { userError } from "./loader/user-error.ts";
import type { Address, Failure } from "./protocol.ts";
import { Refused } from "./refused.ts";

// Not by `import`: as a module it brings Node's WebSocket and fetch along (45 ms of processor time and 14 MB).
const { createServer } = process.getBuiltinModule("node:http");
const MAX_BODY_BYTES = 16 * 1024 * 1024;

export interface CodeServer {
  readonly address: Address;
  /** The outcome of loading; until it is known every question is answered 503. */
  loaded(outcome: LoadOutcome): void;
  /** Answers on, but keeps no connection: who asks again comes by another way, where there is one. */
  drain(): void;
  /** Takes no question more, and ends when those under way have their answers; after `graceMs` they are cut off. */
  close(graceMs: number): Promise<void>;
}

/** Listens at `at`; port 0 picks a free one. @throws the system's error when the address is in use */
export async function serveDefinitions(at: Address): Promise<CodeServer> {
  let outcome: LoadOutcome | null = null;
  const extended = new Extended();
  let draining = false;
  const server = createServer((request, response) => {
    if (draining) response.setHeader("connection", "close");
    handle(request, outcome, extended)
      .catch(failed)
      .then((reply) => send(response, reply))
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  // Definitions are asked for every few seconds: the connection stays.
  server.keepAliveTimeout = 75_000;
  await listen(server, at);
  return {
    address: addressOf(server, at),
    loaded: (result) => {
      outcome = result;
    },
    drain: () => {
      draining = true;
      server.closeIdleConnections();
    },
    close: (graceMs) =>
      new Promise((resolve) => {
        draining = true;
        const late = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(late);
          resolve();
        });
      }),
  };
}

async function handle(
  request: IncomingMessage,
  outcome: LoadOutcome | null,
  extended: Extended,
): Promise<Reply> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://code");
  if (pathname === "/healthz") return { status: 200, body: "{}" };
  if (pathname === "/readyz" && outcome !== null) {
    if (outcome.kind === "failed" && searchParams.get("loaded") === "1")
      throw new Refused(503, "load_error", outcome.error.message);
    return { status: 200, body: "{}" };
  }
  if (outcome === null) throw new Refused(503, "loading", "the definitions are still loading");
  const input = request.method === "POST" ? await readJson(request) : undefined;
  const extra = input === undefined ? undefined : parse(WithExtra, input).extra;
  const asked = extra && outcome.kind === "loaded" ? extended.with(outcome, extra) : outcome;
  return await answer(asked, {
    method: request.method ?? "GET",
    path: pathname.split("/").slice(1).map(decodeURIComponent),
    etag: request.headers["if-none-match"],
    parse: <T>(schema: z.ZodType<T>) => parse(schema, input),
  });
}

function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw new Refused(400, "bad_request", issues.join("; "));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new Refused(413, "bad_request", `the body is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (error) {
    throw new Refused(400, "bad_request", `the body is no JSON: ${(error as Error).message}`);
  }
}

function failed(error: unknown): Reply {
  if (error instanceof Refused) return { status: error.status, body: JSON.stringify(error.failure) };
  const failure: Failure = { kind: "internal", error: userError(error) };
  return { status: 500, body: JSON.stringify(failure) };
}

function send(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
  response.end(reply.body);
}

function listen(server: Server, at: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen("socket" in at ? { path: at.socket } : { host: at.host, port: at.port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function addressOf(server: Server, asked: Address): Address {
  const bound = server.address();
  return bound !== null && typeof bound === "object" && "host" in asked
    ? { host: asked.host, port: bound.port }
    : asked;
}
