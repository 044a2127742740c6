/** Errors as HTTP answers: `{error: string}` with the status that says what the caller must do. */
import { Conflict, InvalidInput, NotFound, Unavailable } from "@dagster-operator/engine";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";

/** HTTP 401. */
export class Unauthorized extends Error {
  override name = "Unauthorized";
}
/** HTTP 410: it was there and is over. */
export class Gone extends Error {
  override name = "Gone";
}
function statusOf(error: FastifyError | Error): number {
  if (error instanceof InvalidInput) return 400;
  if (error instanceof Unauthorized) return 401;
  if (error instanceof NotFound) return 404;
  if (error instanceof Conflict) return 409;
  if (error instanceof Gone) return 410;
  if (error instanceof Unavailable) return 503;
  return "statusCode" in error && error.statusCode && error.statusCode < 500 ? error.statusCode : 500;
}
/** In the place of what the error says itself. */
const MESSAGES: Readonly<Record<number, string>> = {
  415: "this kind of body is not read: send JSON, with the header Content-Type: application/json",
  500: "internal error: see the webserver's log",
};

export function sendError(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const status = statusOf(error);
  if (status >= 500 && status !== 503) request.log.error({ err: error }, "request failed");
  if (status === 503) reply.header("retry-after", "1");
  const message = MESSAGES[status] ?? error.message;
  return reply.code(status).send({ error: message });
}
