/** One server-sent event; `type` is "message" when the stream names none. */
export interface ServerSentEvent {
  readonly type: string;
  readonly data: string;
}

/** Splits a text/event-stream into events; a piece may end anywhere, also within a line. */
export class ServerSentEvents {
  #rest = "";
  #type = "message";
  #data: string[] = [];

  push(piece: string): ServerSentEvent[] {
    const lines = (this.#rest + piece).split(/\r?\n/);
    this.#rest = lines.pop() ?? "";
    const events: ServerSentEvent[] = [];
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length > 0 || this.#type !== "message")
          events.push({ type: this.#type, data: this.#data.join("\n") });
        this.#type = "message";
        this.#data = [];
      } else if (line.startsWith("data:")) this.#data.push(line.slice(line[5] === " " ? 6 : 5));
      else if (line.startsWith("event:")) this.#type = line.slice(6).trim();
    }
    return events;
  }
}
