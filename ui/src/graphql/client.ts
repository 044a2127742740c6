import type { Operation } from "./generated/operations.ts";

export class RequestError extends Error {
  override readonly name = "RequestError";
  /** HTTP status, or 0 when no answer came at all. */
  readonly status: number;
  /** What the server sent along: resolver stacks, validation errors. */
  readonly detail: string;
  constructor(message: string, status: number, detail = "") {
    super(message);
    this.status = status;
    this.detail = detail;
  }
}

interface GraphQLAnswer<T> {
  readonly data?: T | null;
  readonly errors?: ReadonlyArray<{
    message: string;
    path?: ReadonlyArray<string | number>;
    extensions?: { stacktrace?: ReadonlyArray<string> };
  }>;
}

/** Sends one query or mutation. Throws RequestError when the server is away, or answers with errors. */
export async function send<R, V>(operation: Operation<R, V>, variables: V, signal?: AbortSignal): Promise<R> {
  let response: Response;
  try {
    response = await fetch(`/graphql?op=${operation.name}`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ operationName: operation.name, query: operation.text, variables }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestError(
      "The server does not answer. Is `dagsterctl dev` still running?",
      0,
      String(error),
    );
  }
  const text = await response.text();
  let answer: GraphQLAnswer<R>;
  try {
    answer = JSON.parse(text) as GraphQLAnswer<R>;
  } catch {
    throw new RequestError(
      `The server answered ${response.status} with something that is not GraphQL.`,
      response.status,
      text.slice(0, 4000),
    );
  }
  if (answer.errors?.length)
    throw new RequestError(
      answer.errors.map((e) => e.message).join("; "),
      response.status,
      describe(answer.errors),
    );
  if (!answer.data)
    throw new RequestError(
      `The server answered ${response.status} without data.`,
      response.status,
      text.slice(0, 4000),
    );
  return answer.data;
}

function describe(errors: NonNullable<GraphQLAnswer<unknown>["errors"]>): string {
  return errors
    .map((e) =>
      [`${e.path ? `${e.path.join(".")}: ` : ""}${e.message}`, ...(e.extensions?.stacktrace ?? [])].join(
        "\n",
      ),
    )
    .join("\n\n");
}
