import type { ErrorInfo } from "@dagster-operator/sdk/internal";
import type { Failure } from "./protocol.ts";

/** A request that cannot be served as it stands, with the HTTP status and the body that say so. */
export class Refused extends Error {
  override name = "Refused";
  readonly status: number;
  readonly failure: Failure;
  constructor(status: number, kind: Failure["kind"], error: ErrorInfo | string, logs?: string[]) {
    const info = typeof error === "string" ? { name: "Refused", message: error } : error;
    super(info.message);
    this.status = status;
    this.failure = { kind, error: info, logs };
  }
}
