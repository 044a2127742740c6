/** A run API over real HTTP that keeps its rows in memory, checks what a real one checks, and misbehaves on demand. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { RunContext, RunEvent } from "@dagster-operator/sdk/internal";
import { steadyPort } from "@dagster-operator/storage/testing";

export type Fault =
  /** Answers 500 and stores nothing. */
  | "error"
  /** Stores, and breaks the connection in the middle of its answer. */
  | "drop"
  /** Breaks the connection and stores nothing. */
  | "refuse";

interface StoredRun {
  context: RunContext;
  accepted: Map<string, number>;
  events: { producer: string; seq: number; event: RunEvent }[];
  logs: Map<string, Buffer>;
  status: "STARTING" | "STARTED" | "SUCCESS" | "FAILURE" | "CANCELED";
  cancel: boolean;
}

const ENDS = {
  RUN_START: "STARTED",
  RUN_SUCCESS: "SUCCESS",
  RUN_FAILURE: "FAILURE",
  RUN_CANCELED: "CANCELED",
} as const;

export class RunApiServer {
  readonly runs = new Map<string, StoredRun>();
  readonly dynamicPartitions = new Map<string, string[]>();
  /** Taken, one a request, from the front; `null` = behave. */
  faults: (Fault | null)[] = [];
  /** Attempt that is let in; a lower one is fenced. */
  attempt = 1;
  #server: Server | null = null;
  #port = 0;
  #changed = Promise.withResolvers<void>();

  get url(): string {
    return `http://127.0.0.1:${this.#port}/run-api/v1`;
  }

  /** Listens, after a `stop` on the same port as before. */
  async start(): Promise<this> {
    const server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.writeHead(500).end(JSON.stringify({ error: String(error) }));
      });
    });
    this.#port ||= await steadyPort();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#server = server;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  add(context: Partial<RunContext> & { runId: string }): StoredRun {
    const run: StoredRun = {
      context: {
        job: "__ASSET_JOB",
        location: "here",
        assets: null,
        checks: null,
        steps: null,
        runConfig: {},
        tags: {},
        partition: null,
        parentRunId: null,
        rootRunId: null,
        known: { outputsFrom: {}, mappingKeys: {}, notYielded: {} },
        attempt: 1,
        ...context,
      },
      accepted: new Map(),
      events: [],
      logs: new Map(),
      status: "STARTING",
      cancel: false,
    };
    this.runs.set(context.runId, run);
    return run;
  }

  run(runId: string): StoredRun {
    const run = this.runs.get(runId);
    if (!run) throw new Error(`no run ${runId}`);
    return run;
  }

  types(runId: string): string[] {
    return this.run(runId).events.map(({ event }) => event.type);
  }

  log(runId: string, logKey: string, stream: "out" | "err"): string {
    return this.run(runId).logs.get(`${logKey}/${stream}`)?.toString("utf8") ?? "";
  }

  cancel(runId: string): void {
    this.run(runId).cancel = true;
    this.#wake();
  }

  /** Resolves when `holds` is true; looked at after every change. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.#changed.promise;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://x");
    const parts = url.pathname.replace("/run-api/v1/", "").split("/").map(decodeURIComponent);
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const fault = parts[2] === "control" ? null : (this.faults.shift() ?? null);
    if (fault === "refuse") return void request.socket.destroy();
    if (fault === "error") return reply(response, 500, { error: "out of order" });
    const { status, value } = await this.#answer(request, parts, url, body);
    this.#wake();
    if (fault === "drop") {
      response.writeHead(status, { "content-length": "1000" });
      response.write("{");
      setImmediate(() => request.socket.destroy());
      return;
    }
    reply(response, status, value);
  }

  async #answer(
    request: IncomingMessage,
    [, runId = "", what, name = "", stream]: string[],
    url: URL,
    body: Buffer,
  ): Promise<{ status: number; value?: unknown }> {
    const run = this.runs.get(runId);
    if (!run || request.headers.authorization !== `Bearer token-${runId}`)
      return { status: 401, value: { error: "bad token" } };
    if (run.context.attempt < this.attempt)
      return { status: 409, value: { error: "a newer attempt holds this run" } };
    const control = () => ({ status: run.status, cancel: run.cancel });
    if (what === undefined) return { status: 200, value: run.context };
    if (what === "events") {
      const { producer, events } = JSON.parse(body.toString()) as {
        producer: string;
        events: StoredRun["events"];
      };
      let accepted = run.accepted.get(producer) ?? 0;
      for (const { seq, event } of events) {
        if (seq > accepted + 1)
          return { status: 409, value: { error: `gap: ${accepted} is followed by ${seq}` } };
        if (seq <= accepted) continue;
        accepted = seq;
        run.events.push({ producer, seq, event });
        run.status = ENDS[event.type as keyof typeof ENDS] ?? run.status;
      }
      run.accepted.set(producer, accepted);
      return { status: 200, value: { ...control(), acceptedThrough: accepted } };
    }
    if (what === "control") {
      const late = new Promise((resolve) =>
        setTimeout(resolve, Number(url.searchParams.get("wait")) * 1000).unref(),
      );
      const closed = new Promise((resolve) => request.socket.once("close", resolve));
      if (!run.cancel) await Promise.race([late, closed, this.until(() => run.cancel)]);
      return { status: 200, value: control() };
    }
    if (what === "logs") {
      const key = `${name}/${stream}`;
      const offset = Number(url.searchParams.get("offset"));
      const before = run.logs.get(key) ?? Buffer.alloc(0);
      if (offset > before.length) return { status: 409, value: { error: "offset lies beyond the end" } };
      run.logs.set(
        key,
        Buffer.concat([before.subarray(0, offset), body, before.subarray(offset + body.length)]),
      );
      return { status: 204 };
    }
    if (what === "dynamic-partitions") {
      const keys = this.dynamicPartitions.get(name) ?? [];
      if (request.method === "GET") return { status: 200, value: { keys } };
      const change = JSON.parse(body.toString()) as { add: string[]; delete: string[] };
      this.dynamicPartitions.set(
        name,
        [...new Set([...keys, ...change.add])].filter((key) => !change.delete.includes(key)),
      );
      return { status: 204 };
    }
    return { status: 404, value: { error: "no such route" } };
  }
}

function reply(response: ServerResponse, status: number, value?: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(value === undefined ? undefined : JSON.stringify(value));
}
