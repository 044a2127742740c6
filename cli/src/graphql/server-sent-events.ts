export interface ServerSentEvent {
  name: string;
  data: string;
}

/** Events of a `text/event-stream` body. A body that breaks off ends the sequence. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of body) {
      rest += decoder.decode(chunk, { stream: true });
      const parts = rest.split(/\r?\n\r?\n/);
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const event = parse(part);
        if (event) yield event;
      }
    }
  } catch (error) {
    // Aborted by us, or the connection broke: the caller sees a stream with no "complete".
    if (!signal.aborted && !(error instanceof TypeError)) throw error;
  }
}

/** null for a comment, which keeps the connection open. */
export function parse(block: string): ServerSentEvent | null {
  let name = "message";
  const data: string[] = [];
  let any = false;
  for (const line of block.split(/\r?\n/)) {
    if (line === "" || line.startsWith(":")) continue;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    else if (field === "data") data.push(value);
    else continue;
    any = true;
  }
  return any ? { name, data: data.join("\n") } : null;
}
