/** One request over kept-alive connections, http or https. */
import * as http from "node:http";
import * as https from "node:https";
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
  readonly #agent: http.Agent;

  constructor(url: string, token: string) {
    this.#base = new URL(url.endsWith("/") ? url : `${url}/`);
    this.#token = token;
    const options = { keepAlive: true, maxSockets: 256 };
    this.#agent = this.#base.protocol === "https:" ? new https.Agent(options) : new http.Agent(options);
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
    const request = this.#base.protocol === "https:" ? https.request : http.request;
    const late = AbortSignal.timeout(timeoutMs);
    return new Promise((resolve, reject) => {
      const fail = (cause: Error) => {
        const reason = late.aborted ? `no reply within ${timeoutMs / 1000} s` : cause.message || cause.name;
        reject(new Unavailable(`the run API at ${this.#base.origin} does not answer: ${reason}`, { cause }));
      };
      const sent = request(new URL(path, this.#base), {
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
