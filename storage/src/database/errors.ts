import { InvalidInput, Unavailable } from "@dagster-operator/engine";

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

// By shape and not by class: errors of Node's own modules are of another realm under Jest.
export function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

function messageOf(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error
    ? String(error.message)
    : String(error);
}

/** True where the other side went away, so the same call may succeed later. */
export function isLost(error: unknown): boolean {
  // One error for each address that was tried.
  if (typeof error === "object" && error !== null && "errors" in error && Array.isArray(error.errors)) {
    return error.errors.length > 0 && error.errors.every(isLost);
  }
  const code = codeOf(error);
  return LOST.has(code) || code.startsWith("08") || MESSAGES.test(messageOf(error));
}

/** Deadlock or serialization failure: nothing was changed, the same transaction may pass now. */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40P01" || code === "40001";
}

/** What a server answers to an address that names something wrong, and what to do. */
const WRONG_ADDRESS: Record<string, string> = {
  "3D000": "create it (createdb), or name another at the end of the address",
  "28000": "look at the user in the address, and at the server's pg_hba.conf",
  "28P01": "look at the user and the password in the address",
};

/** What a caller is told: Unavailable where the server is away, InvalidInput where its address is wrong, else the error itself. */
export function told(what: string, error: unknown): unknown {
  if (isLost(error)) return unavailable(what, error);
  const next = WRONG_ADDRESS[codeOf(error)];
  if (next === undefined) return error;
  return Object.assign(new InvalidInput(`${what}: ${messageOf(error)}: ${next}`), { cause: error });
}

export function unavailable(what: string, cause: unknown): Unavailable {
  const why = messageOf(cause) || codeOf(cause);
  return Object.assign(new Unavailable(`${what} does not answer: ${why}`), { cause });
}
