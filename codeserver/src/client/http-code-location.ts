import {
  type CodeLocation,
  type Issue,
  LoadError,
  NotFound,
  type SensorQuestion,
  type TickResult,
  Unavailable,
  UserCodeError,
} from "@dagster-operator/engine";
import { DefinitionsSnapshot, type ExtraDefinitions } from "@dagster-operator/sdk/internal";
import type { z } from "zod";
import { type Address, Evaluation, Failure, Issues, MappedPartitions } from "../protocol.ts";
import { HttpJson, type HttpReply, TimedOut } from "./http-json.ts";

const KIND = { schedules: "schedule", sensors: "sensor", jobs: "job" } as const;

/**
 * User code behind a TypeScript code server. A question that is not an evaluation fails as Unavailable after `timeoutMs`
 * (default 10,000 ms); an evaluation that blocks the server's event loop fails as UserCodeError `graceMs` (default 2,000 ms)
 * after its own time limit, so a caller never hangs longer than it asked for. `extra` are jobs and schedules beside the code.
 */
export class HttpCodeLocation implements CodeLocation {
  readonly #http: HttpJson;
  readonly #timeoutMs: number;
  readonly #graceMs: number;
  readonly #extra: { extra?: ExtraDefinitions };
  #known: { etag: string; snapshot: DefinitionsSnapshot } | null = null;

  constructor(
    address: Address,
    options: { timeoutMs?: number; graceMs?: number; extra?: ExtraDefinitions | undefined } = {},
  ) {
    this.#http = new HttpJson(address);
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#graceMs = options.graceMs ?? 2_000;
    this.#extra = options.extra ? { extra: options.extra } : {};
  }

  async definitions(): Promise<DefinitionsSnapshot> {
    const known = this.#known;
    const headers = known === null ? {} : { "if-none-match": known.etag };
    const { extra } = this.#extra;
    const reply = await this.#http.send(extra ? "POST" : "GET", "/v1/definitions", {
      headers,
      timeoutMs: this.#timeoutMs,
      ...(extra && { body: { extra } }),
    });
    if (reply.status === 304 && known !== null) return known.snapshot;
    const snapshot = this.#read(DefinitionsSnapshot, reply);
    if (reply.headers.etag !== undefined) this.#known = { etag: reply.headers.etag, snapshot };
    return snapshot;
  }

  evaluateSchedule(name: string, at: { scheduledTime: number; timeoutMs: number }): Promise<TickResult> {
    return this.#evaluate("schedules", name, at);
  }

  evaluateSensor(name: string, at: SensorQuestion): Promise<TickResult> {
    return this.#evaluate("sensors", name, at);
  }

  async validateRunConfig(job: string, runConfig: Record<string, unknown>): Promise<Issue[]> {
    const path = `/v1/jobs/${encodeURIComponent(job)}/validate-run-config`;
    const reply = await this.#http.send("POST", path, {
      body: { runConfig, ...this.#extra },
      timeoutMs: this.#timeoutMs,
    });
    return this.#read(Issues, reply, { kind: "job", name: job }).issues;
  }

  async mapPartitions(
    asset: string,
    asked: { upstream: string; keys: readonly string[] },
  ): Promise<Record<string, string[]>> {
    const path = `/v1/assets/${encodeURIComponent(asset)}/map-partitions`;
    const reply = await this.#http.send("POST", path, {
      body: { ...asked, ...this.#extra },
      timeoutMs: this.#timeoutMs,
    });
    return this.#read(MappedPartitions, reply, { kind: "asset", name: asset }).downstreamByUpstream;
  }

  /** Closes the kept connections. */
  close(): void {
    this.#http.close();
  }

  async #evaluate(
    kind: "schedules" | "sensors",
    name: string,
    body: { timeoutMs: number },
  ): Promise<TickResult> {
    const path = `/v1/${kind}/${encodeURIComponent(name)}/evaluate`;
    const what = { kind: KIND[kind], name };
    try {
      const timeoutMs = body.timeoutMs + this.#graceMs;
      return this.#read(
        Evaluation,
        await this.#http.send("POST", path, { body: { ...body, ...this.#extra }, timeoutMs }),
        what,
      );
    } catch (error) {
      if (!(error instanceof Unavailable) || !(error.cause instanceof TimedOut)) throw error;
      const message = `${what.kind} ${name} did not end within ${body.timeoutMs / 1000} s and blocks its code server`;
      throw new UserCodeError(message, { name: "EvaluationTimeout", message });
    }
  }

  #read<T>(schema: z.ZodType<T>, reply: HttpReply, what?: { kind: string; name: string }): T {
    const json = this.#json(reply);
    if (reply.status === 200) {
      const parsed = schema.safeParse(json);
      if (parsed.success) return parsed.data;
      const issue = parsed.error.issues[0];
      throw new LoadError(
        `the code server at ${this.#http.where} answers in a way this version does not understand`,
        {
          name: "ProtocolError",
          message: `${issue?.path.join(".")}: ${issue?.message}; use the same version of @dagster-operator packages on both sides`,
        },
      );
    }
    const failure = Failure.safeParse(json);
    if (!failure.success) throw this.#stranger(reply);
    const { kind, error, logs } = failure.data;
    if (kind === "load_error") throw new LoadError(error.message, error);
    if (kind === "user_code") throw new UserCodeError(error.message, error, logs);
    if (kind === "not_found" && what !== undefined) throw new NotFound(what.kind, what.name, error.message);
    if (kind === "loading") throw new Unavailable(error.message);
    throw new Error(`the code server at ${this.#http.where} answered ${reply.status}: ${error.message}`);
  }

  #json(reply: HttpReply): unknown {
    try {
      return JSON.parse(reply.text);
    } catch {
      throw this.#stranger(reply);
    }
  }

  /** Another has the address, or had it while the Service was made: a kept connection would lead there for good. */
  #stranger({ status }: HttpReply): Unavailable {
    this.#http.close();
    return new Unavailable(`what answers at ${this.#http.where} (${status}) is no code server`);
  }
}
