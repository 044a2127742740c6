/** Talks GraphQL to a running system. Types of answers are stated beside each operation; a test checks operations against the schema. */
import { Unavailable } from "@dagster-operator/engine";
import { readEvents } from "./server-sent-events.ts";

export interface Client {
  /** Without a slash at the end. */
  readonly url: string;
  /** @throws Unavailable · RequestError the server refused the operation */
  query<T>(document: string, variables?: Record<string, unknown>): Promise<T>;
  /** Ends when the server says so, or when `signal` aborts. @throws as `query`; Unavailable when the stream breaks */
  subscribe<T>(document: string, variables: Record<string, unknown>, signal: AbortSignal): AsyncGenerator<T>;
}

/** The server understood the request and refused it, or failed at it: a version that does not fit, or a bug. */
export class RequestError extends Error {
  override name = "RequestError";
}

interface Reply<T> {
  data?: T | null;
  errors?: { message: string }[];
}

export function createClient(address: string): Client {
  const url = address.replace(/\/+$/, "");
  const post = async (accept: string, document: string, variables: object, signal: AbortSignal | null) => {
    try {
      return await fetch(`${url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", accept },
        body: JSON.stringify({ query: document, variables }),
        signal,
      });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw new Unavailable(
        `No dagster-operator answers at ${url} (${reason(error)}).\n` +
          "Start one with `dagsterctl dev`, or name another with --url or DAGSTER_OPERATOR_URL.",
        { cause: error },
      );
    }
  };
  return {
    url,
    query: async (document, variables = {}) => {
      const response = await post("application/json", document, variables, null);
      const reply = await json<Reply<unknown>>(response, url);
      return dataOf(reply, response) as never;
    },
    subscribe: async function* <T>(document: string, variables: object, signal: AbortSignal) {
      const response = await post("text/event-stream", document, variables, signal);
      if (!response.headers.get("content-type")?.startsWith("text/event-stream") || !response.body) {
        dataOf(await json<Reply<unknown>>(response, url), response);
        throw new RequestError(`${url} does not stream: is it a dagster-operator of this version?`);
      }
      for await (const event of readEvents(response.body, signal)) {
        if (event.name === "complete") return;
        if (event.name === "next") yield dataOf(JSON.parse(event.data) as Reply<T>, response);
      }
      if (!signal.aborted)
        throw new Unavailable(`The connection to ${url} was closed before the stream ended.`);
    },
  };
}

async function json<T>(response: Response, url: string): Promise<T> {
  const text = await response.text();
  try {
    return JSON.parse(text) as T;
  } catch {
    if (response.status === 503) throw new Unavailable(`${url} is not ready yet: ${text.slice(0, 200)}`);
    throw new Unavailable(
      `${url} answers (HTTP ${response.status}), but not as a dagster-operator does. Is another program on this port?`,
    );
  }
}

function dataOf<T>(reply: Reply<T>, response: Response): T {
  if (reply.errors?.length) {
    const said = reply.errors.map((error) => error.message).join("\n");
    // 400: the question itself does not fit its schema.
    throw new RequestError(
      response.status === 400
        ? `${said}\nThe system that runs there is not of this dagsterctl's version: restart it, or compare with dagsterctl version.`
        : said,
    );
  }
  if (reply.data === undefined || reply.data === null) {
    const said =
      (reply as { error?: unknown; message?: unknown }).error ?? (reply as { message?: unknown }).message;
    if (response.status === 503)
      throw new Unavailable(`${response.url} is not ready yet: ${String(said ?? "starting")}`);
    throw new RequestError(
      `${response.url} answered HTTP ${response.status} with no data: ${String(said ?? "")}`,
    );
  }
  return reply.data;
}

function reason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  if (cause?.code === "ECONNREFUSED") return "connection refused";
  if (cause?.code === "ENOTFOUND") return "no such host";
  if (cause?.code?.startsWith("ERR_SSL")) return "it does not speak TLS as https:// asks";
  return cause?.message || (error instanceof Error ? error.message : String(error));
}
