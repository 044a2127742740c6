/** One JSON exchange over a kept-alive connection. */
import type { IncomingHttpHeaders } from "node:http";
import { systemClock, Unavailable } from "@dagster-operator/engine";
import type { Address } from "../protocol.ts";

// Not by `import`: as a module it brings Node's WebSocket and fetch along (45 ms of processor time and 14 MB).
const { Agent, request } = process.getBuiltinModule("node:http");
/**
 * Between two tries when there is no connection (ms); all questions may be asked twice. A server may close an idle connection
 * in the moment that it is used again, and a Service may lead to a pod that is gone until each node has heard of it.
 */
const AGAIN_MS = [0, 100, 300, 600];
const CONNECTION = ["ECONNRESET", "EPIPE", "ECONNREFUSED", "EHOSTUNREACH"];
const isConnection = (error: unknown): boolean =>
  CONNECTION.includes((error as NodeJS.ErrnoException).code ?? "");

export interface HttpReply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** No whole reply in time. */
export class TimedOut extends Error {
  override name = "TimedOut";
  constructor(timeoutMs: number) {
    super(`no reply within ${timeoutMs / 1000} s`);
  }
}

export class HttpJson {
  readonly #address: Address;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });

  constructor(address: Address) {
    this.#address = address;
  }

  /** @throws Unavailable no connection, or no whole reply within `timeoutMs`; `TimedOut` as its cause in the latter case */
  async send(
    method: "GET" | "POST",
    path: string,
    options: { body?: unknown; headers?: Record<string, string>; timeoutMs: number },
  ): Promise<HttpReply> {
    const waits = "socket" in this.#address ? [0] : AGAIN_MS;
    for (let tries = 0; ; tries++) {
      try {
        return await this.#once(method, path, options);
      } catch (error) {
        const wait = waits[tries];
        if (wait === undefined || !isConnection(error)) throw this.#unavailable(error);
        await systemClock.sleep(wait);
      }
    }
  }

  /** Of no harm to questions that come later: they make connections of their own. */
  close(): void {
    this.#agent.destroy();
  }

  get where(): string {
    return "socket" in this.#address ? this.#address.socket : `${this.#address.host}:${this.#address.port}`;
  }

  #unavailable(cause: unknown): Unavailable {
    const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
    return new Unavailable(`the code server at ${this.where} does not answer: ${reason}`, { cause });
  }

  #once(
    method: string,
    path: string,
    { body, headers, timeoutMs }: { body?: unknown; headers?: Record<string, string>; timeoutMs: number },
  ): Promise<HttpReply> {
    const at = "socket" in this.#address ? { socketPath: this.#address.socket } : this.#address;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const late = AbortSignal.timeout(timeoutMs);
    return new Promise((resolve, reject) => {
      const sent = request({
        ...at,
        method,
        path,
        agent: this.#agent,
        signal: late,
        headers: { ...headers, ...(payload === undefined ? {} : { "content-type": "application/json" }) },
      });
      sent.once("error", (error) => reject(late.aborted ? new TimedOut(timeoutMs) : error));
      sent.once("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", (error) => reject(late.aborted ? new TimedOut(timeoutMs) : error));
        response.once("end", () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString("utf8"),
          });
        });
      });
      sent.end(payload);
    });
  }
}
