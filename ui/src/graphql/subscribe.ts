import { RequestError } from "./client.ts";
import type { Operation } from "./generated/operations.ts";
import { ServerSentEvents } from "./server-sent-events.ts";

/**
 * Runs a subscription over server-sent events and yields each result; ends when the server completes it. Throws
 * RequestError when the connection breaks: the caller starts again from its last cursor.
 */
export async function* subscribe<R, V>(
  operation: Operation<R, V>,
  variables: V,
  signal: AbortSignal,
): AsyncGenerator<R> {
  const response = await fetch(`/graphql?op=${operation.name}`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({ operationName: operation.name, query: operation.text, variables }),
    signal,
  });
  if (
    !response.ok ||
    !response.body ||
    !response.headers.get("content-type")?.startsWith("text/event-stream")
  ) {
    throw new RequestError(
      `No live stream: the server answered ${response.status}.`,
      response.status,
      await response.text(),
    );
  }
  const parser = new ServerSentEvents();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new RequestError("The live stream was cut.", 0);
    for (const event of parser.push(value)) {
      if (event.type === "complete") return;
      if (event.type !== "next" && event.type !== "message") continue;
      const answer = JSON.parse(event.data) as { data?: R; errors?: ReadonlyArray<{ message: string }> };
      if (answer.errors?.length) throw new RequestError(answer.errors.map((e) => e.message).join("; "), 200);
      if (answer.data) yield answer.data;
    }
  }
}
