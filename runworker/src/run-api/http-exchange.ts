/** One request over kept-alive connections, http or https. */
import type { Agent } from "node:http";
import { Unavailable } from "@dagster-operator/engine";

export interface Exchange {
  method: "GET" | "POST";
  path: string;
  contentType?: string;
  body?: string | Uint8Array;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export class HttpExchange {
  readonly #base: URL;
  readonly #token: string;
  readonly #protocol: typeof import("node:http") | typeof import("node:https");
  readonly #agent: Agent;

  constructor(url: string, token: string) {
    this.#base = new URL(url.endsWith("/") ? url : `${url}/`);
    this.#token = token;
    // Not by `import`: as a module node:http brings Node's WebSocket and fetch along (45 ms of processor time and 14 MB), and
    // node:https all of TLS (20 ms), which few workers need.
    const secure = this.#base.protocol === "https:";
    this.#protocol = process.getBuiltinModule(secure ? "node:https" : "node:http");
    this.#agent = new this.#protocol.Agent({ keepAlive: true, maxSockets: 256 });
  }

  /** @throws Unavailable no connection, or no whole reply in time */
  send({
    method,
    path,
    contentType,
    body,
    timeoutMs,
    signal,
  }: Exchange): Promise<{ status: number; text: string }> {
    const late = AbortSignal.timeout(timeoutMs);
    return new Promise((resolve, reject) => {
      const fail = (cause: Error) => {
        const reason = late.aborted ? `no reply within ${timeoutMs / 1000} s` : cause.message || cause.name;
        reject(new Unavailable(`the run API at ${this.#base.origin} does not answer: ${reason}`, { cause }));
      };
      const sent = this.#protocol.request(new URL(path, this.#base), {
        method,
        agent: this.#agent,
        signal: signal === undefined ? late : AbortSignal.any([late, signal]),
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined
            ? {}
            : {
                "content-type": contentType ?? "application/json",
                "content-length": Buffer.byteLength(body),
              }),
        },
      });
      sent.once("error", fail);
      sent.once("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", fail);
        response.once("end", () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
        );
      });
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
