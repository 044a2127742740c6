/** The few errors that callers tell apart, named by what the caller must do. Anything else is a bug. */

/** One thing wrong with an input. `path` is where, e.g. `ops.revenue.config.currency`; empty for the whole. */
export interface Issue {
  path: string;
  message: string;
}

/** Input that a person must correct; nothing was changed. HTTP 400, CLI exit 2, an admission refusal. */
export class InvalidInput extends Error {
  override name = "InvalidInput";
  readonly issues: Issue[];
  constructor(message: string, issues: Issue[] = []) {
    super(message);
    this.issues = issues;
  }
}

/** The named object does not exist. HTTP 404, CLI exit 3. */
export class NotFound extends Error {
  override name = "NotFound";
  readonly kind: string;
  readonly id: string;
  constructor(kind: string, id: string, hint = "") {
    super(`${kind} ${id} does not exist${hint ? `: ${hint}` : ""}`);
    this.kind = kind;
    this.id = id;
  }
}

/** Somebody else changed it first, or a newer attempt holds it. Re-read and decide again; a fenced worker stops. HTTP 409. */
export class Conflict extends Error {
  override name = "Conflict";
}

/** The other side cannot be reached or is not ready. Try again later; nothing is lost. HTTP 503. */
export class Unavailable extends Error {
  override name = "Unavailable";
}
