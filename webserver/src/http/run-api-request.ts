/** What requests to the run API have in common. */
import { InvalidInput } from "@dagster-operator/engine";
import type { FastifyRequest } from "fastify";
import { z } from "zod";

/** The largest body (bytes). */
export const MAX_BODY = 16 * 1024 * 1024;
const MAX_WAIT_S = 30;

/** The body. @throws InvalidInput says `wrong`, and what is wrong where */
export function bodyOf<T>(request: FastifyRequest, schema: z.ZodType<T>, wrong: string): T {
  const body = schema.safeParse(request.body);
  if (!body.success) throw new InvalidInput(`${wrong}: ${z.prettifyError(body.error)}`);
  return body.data;
}

/** How long the answer may wait for news (ms): `?wait=` in seconds, by default 0, 30 at the most. */
export function waitOf(request: FastifyRequest): number {
  const seconds = Number((request.query as { wait?: string }).wait ?? 0) || 0;
  return Math.min(Math.max(seconds, 0), MAX_WAIT_S) * 1000;
}
