import { Unavailable } from "@dagster-operator/engine";

const LOST = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "57P01", // the administrator stopped the server
  "57P02",
  "57P03", // starting up or shutting down
  "53300", // too many connections
]);
const MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/;

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** True where the other side went away, so the same call may succeed later. */
export function isLost(error: unknown): boolean {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isLost);
  const code = codeOf(error);
  return LOST.has(code) || code.startsWith("08") || (error instanceof Error && MESSAGES.test(error.message));
}

/** Deadlock or serialization failure: nothing was changed, the same transaction may pass now. */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40P01" || code === "40001";
}

export function unavailable(what: string, cause: unknown): Unavailable {
  const why = cause instanceof Error ? cause.message || codeOf(cause) : String(cause);
  return Object.assign(new Unavailable(`${what} does not answer: ${why}`), { cause });
}
