/** Errors that user code throws on purpose, and how any thrown thing crosses a process border. */
import { inspect } from "node:util";
import type { MetadataInput } from "../metadata/metadata-value.ts";
import type { ErrorInfo } from "../model/event.ts";
import { KIND, kindOf } from "../source.ts";

/** Fails the step with a description and metadata; with `allowRetries: false` no retry policy applies. */
export class Failure extends Error {
  override name = "Failure";
  readonly [KIND] = "failure" as const;
  readonly metadata: MetadataInput;
  readonly allowRetries: boolean;
  constructor(
    description: string,
    options: { metadata?: MetadataInput; allowRetries?: boolean; cause?: unknown } = {},
  ) {
    super(description, options.cause === undefined ? undefined : { cause: options.cause });
    this.metadata = options.metadata ?? {};
    this.allowRetries = options.allowRetries ?? true;
  }
}

/** Ends this try and asks for another: at most `maxRetries` (default 1), after `delay` seconds (default 0). */
export class RetryRequested extends Error {
  override name = "RetryRequested";
  readonly [KIND] = "retryRequested" as const;
  readonly maxRetries: number;
  readonly delay: number;
  constructor(options: { maxRetries?: number; delay?: number; message?: string; cause?: unknown } = {}) {
    super(
      options.message ?? "the step asked to be retried",
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.maxRetries = options.maxRetries ?? 1;
    this.delay = options.delay ?? 0;
  }
}

export const isFailure = (error: unknown): error is Failure => kindOf(error) === "failure";
export const isRetryRequested = (error: unknown): error is RetryRequested =>
  kindOf(error) === "retryRequested";

const isError = (thrown: unknown): thrown is Error =>
  thrown instanceof Error || Object.prototype.toString.call(thrown) === "[object Error]";

/** Any thrown value as data; a thrown non-Error keeps its text and has no stack. Causes are followed eight deep. */
export function errorInfo(thrown: unknown, depth = 0): ErrorInfo {
  if (!isError(thrown)) {
    const text = typeof thrown === "string" ? thrown : inspect(thrown, { depth: 3 });
    return { name: "NonError", message: `a value that is no Error was thrown: ${text}` };
  }
  const { name, message, stack, cause } = thrown;
  return {
    name: String(name),
    message: String(message),
    ...(stack === undefined ? {} : { stack: String(stack) }),
    ...(cause === undefined || depth >= 8 ? {} : { cause: errorInfo(cause, depth + 1) }),
  };
}
