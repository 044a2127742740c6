/** The built page. Files under `static/` bear a hash in their name and never change; every other path is the page itself. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";

const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; object-src 'none'";
const NOT_BUILT = `<!doctype html><meta charset="utf-8"><title>dagster-operator</title>
<p>The page has not been built: run <code>npm run build -w ui</code> and reload. The API is at <a href="/graphql">/graphql</a>.</p>`;

/** `uiDir` null or empty of an index.html: a line that says how to build it. */
export function staticUi(app: FastifyInstance, uiDir: string | null): void {
  const built = uiDir !== null && existsSync(join(uiDir, "index.html"));
  if (built)
    app.register(fastifyStatic, {
      root: uiDir,
      wildcard: true,
      index: false,
      cacheControl: false,
      setHeaders: (reply, path) => {
        const hashed = path.startsWith(join(uiDir, "static"));
        reply.header("cache-control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
      },
    });
  const page = (reply: FastifyReply) => {
    reply
      .header("content-security-policy", CSP)
      .header("x-content-type-options", "nosniff")
      .header("referrer-policy", "same-origin")
      .header("cache-control", "no-cache");
    if (built) return reply.sendFile("index.html");
    return reply.header("content-type", "text/html; charset=utf-8").send(NOT_BUILT);
  };
  app.get("/", (_request, reply) => page(reply));
  app.setNotFoundHandler((request, reply) => {
    if (request.method === "GET" && request.headers.accept?.includes("text/html")) return page(reply);
    return reply
      .code(404)
      .send({ error: `there is nothing at ${request.method} ${request.url.split("?")[0]}` });
  });
}
