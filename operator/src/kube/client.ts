import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { systemClock } from "@dagster-operator/engine";
import type { KubeConfig } from "./config.ts";
import type { KubeObject, Resource } from "./object.ts";
import { pathOf } from "./object.ts";
import { TokenBucket } from "./token-bucket.ts";

// Not by `import`: as a module it brings Node's WebSocket and fetch along (45 ms of processor time and 14 MB).
const { request: httpRequest } = process.getBuiltinModule("node:http");

/** An answer of the API server that is not a success. */
export class KubeError extends Error {
  override name = "KubeError";
  readonly status: number;
  /** `NotFound`, `AlreadyExists`, `Conflict`, `Invalid`, `Expired`, … */
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export const isNotFound = (error: unknown) => error instanceof KubeError && error.status === 404;
export const isConflict = (error: unknown) => error instanceof KubeError && error.status === 409;
/** The watch's or list's resource version is gone: list again. */
export const isExpired = (error: unknown) => error instanceof KubeError && error.status === 410;

/** Server-side apply of a field that the kind does not have: the API server calls it an error of its own. */
const isUndeclared = (error: unknown) =>
  error instanceof KubeError && error.message.includes("field not declared in schema");

export interface ClientOptions {
  /** Requests a second, on the average; watches do not count. Default 50. */
  qps?: number;
  /** Requests at once before `qps` holds. Default 100. */
  burst?: number;
  /** Tries of one request in all, for 429, 5xx and dropped connections. Default 6 (about 12 s). */
  tries?: number;
  /** Milliseconds until one try has its whole answer. Default 30,000. */
  timeoutMs?: number;
  /** Called for each answer; `status` 0 = no answer. */
  onRequest?: (request: { verb: string; resource: string; status: number; ms: number }) => void;
}

export interface RequestSpec {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  contentType?: string;
  /** Default `application/json`. */
  accept?: string | undefined;
  signal?: AbortSignal | undefined;
}

const MANAGER = "dagster-operator";
const RETRIED = new Set([429, 500, 502, 503, 504]);

/** A small REST client: one keep-alive pool, one rate limit, and the same retries for reads as for writes. */
export class KubeClient {
  readonly config: KubeConfig;
  readonly #agent: Agent;
  readonly #bucket: TokenBucket;
  readonly #options: Required<Omit<ClientOptions, "onRequest">> & Pick<ClientOptions, "onRequest">;

  constructor(config: KubeConfig, options: ClientOptions = {}) {
    this.config = config;
    this.#options = { qps: 50, burst: 100, tries: 6, timeoutMs: 30_000, ...options };
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 32,
      ca: config.ca,
      cert: config.cert,
      key: config.key,
    });
    this.#bucket = new TokenBucket(this.#options.qps, this.#options.burst);
  }

  /** A client of the same server that shares neither connections nor rate limit with this one; close it by itself. */
  apart(options: ClientOptions): KubeClient {
    return new KubeClient(this.config, { ...this.#options, ...options });
  }

  get<T extends KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    signal?: AbortSignal,
  ): Promise<T> {
    return this.request({ method: "GET", path: pathOf(resource, namespace, name), signal });
  }

  /** The object, or null when there is none. */
  async find<T extends KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    signal?: AbortSignal,
  ): Promise<T | null> {
    try {
      return await this.get<T>(resource, namespace, name, signal);
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  }

  list<T extends KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    query: {
      labelSelector?: string;
      fieldSelector?: string;
      limit?: number;
      continue?: string;
      resourceVersion?: string;
    } = {},
    accept?: string,
    signal?: AbortSignal,
  ): Promise<{ items: T[]; metadata: { resourceVersion: string; continue?: string } }> {
    return this.request({ method: "GET", path: pathOf(resource, namespace), query, accept, signal });
  }

  create<T extends KubeObject>(resource: Resource, object: T): Promise<T> {
    return this.request({
      method: "POST",
      path: pathOf(resource, object.metadata.namespace),
      query: { fieldManager: MANAGER },
      body: { apiVersion: resource.apiVersion, kind: resource.kind, ...object },
    });
  }

  /** Server-side apply: states the fields that are ours and takes them over from whoever held them. */
  apply<T extends KubeObject>(resource: Resource, object: T, subresource?: "status"): Promise<T> {
    const { name, namespace } = object.metadata;
    return this.request({
      method: "PATCH",
      path: pathOf(resource, namespace, name, subresource),
      query: { fieldManager: MANAGER, force: true },
      // JSON is YAML, so what an apply patch wants to be YAML may be this.
      contentType: "application/apply-patch+yaml",
      body: { apiVersion: resource.apiVersion, kind: resource.kind, ...object },
    });
  }

  /** The same for its status. A kind that is older than this operator, and lacks a field, keeps what it knows. */
  async applyStatus<T extends KubeObject>(resource: Resource, object: T): Promise<T> {
    try {
      return await this.apply(resource, object, "status");
    } catch (error) {
      if (!isUndeclared(error)) throw error;
      const { name, namespace } = object.metadata;
      return await this.merge(resource, namespace, name, { status: object.status }, "status");
    }
  }

  merge<T extends KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    patch: unknown,
    subresource?: "status",
  ): Promise<T> {
    return this.request({
      method: "PATCH",
      path: pathOf(resource, namespace, name, subresource),
      query: { fieldManager: MANAGER },
      contentType: "application/merge-patch+json",
      body: patch,
    });
  }

  /** Replaces it if nobody changed it since it was read. @throws KubeError 409 when somebody did */
  replace<T extends KubeObject>(resource: Resource, object: T): Promise<T> {
    const { name, namespace } = object.metadata;
    return this.request({
      method: "PUT",
      path: pathOf(resource, namespace, name),
      query: { fieldManager: MANAGER },
      body: object,
    });
  }

  /** Resolves true when there was something to delete. Dependents go in the background unless told otherwise. */
  async delete(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    options: {
      uid?: string;
      propagationPolicy?: "Background" | "Foreground" | "Orphan";
      gracePeriodSeconds?: number;
    } = {},
  ): Promise<boolean> {
    const { uid, ...rest } = options;
    try {
      await this.request({
        method: "DELETE",
        path: pathOf(resource, namespace, name),
        body: { propagationPolicy: "Background", ...rest, ...(uid && { preconditions: { uid } }) },
      });
      return true;
    } catch (error) {
      if (isNotFound(error) || (uid && isConflict(error))) return false;
      throw error;
    }
  }

  /** One request with the rate limit and retries. A POST is retried too: its caller meets AlreadyExists when the first one had arrived. */
  async request<T>(spec: RequestSpec): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      await this.#bucket.take(spec.signal);
      const { response, error, retryAfter } = await this.#once<T>(spec);
      if (!error) return response as T;
      const again = !(error instanceof KubeError) || (RETRIED.has(error.status) && !isUndeclared(error));
      if (!again || attempt >= this.#options.tries || spec.signal?.aborted) throw error;
      const backoff = Math.min(100 * 2 ** attempt, 10_000) * (0.5 + Math.random());
      await systemClock.sleep(Math.max(backoff, retryAfter * 1000), spec.signal);
    }
  }

  async #once<T>(spec: RequestSpec): Promise<{ response?: T; error?: Error; retryAfter: number }> {
    const started = performance.now();
    let status = 0;
    try {
      const message = await this.open(spec, this.#options.timeoutMs);
      status = message.statusCode ?? 0;
      const text = await readAll(message);
      if (status < 300) return { response: JSON.parse(text) as T, retryAfter: 0 };
      return {
        error: errorOf(status, text, spec),
        retryAfter: Number(message.headers["retry-after"] ?? 0) || 0,
      };
    } catch (error) {
      return {
        error: new Error(`${spec.method} ${spec.path}: ${(error as Error).message}`, { cause: error }),
        retryAfter: 0,
      };
    } finally {
      this.#options.onRequest?.({
        verb: spec.method,
        resource: resourceOf(spec.path),
        status,
        ms: performance.now() - started,
      });
    }
  }

  /**
   * Sends it and resolves with the headers; the body is the caller's, and breaks when it is not whole after `timeoutMs`. For
   * watches and logs.
   */
  open(spec: RequestSpec, timeoutMs: number): Promise<IncomingMessage> {
    const url = new URL(this.config.server + spec.path);
    for (const [name, value] of Object.entries(spec.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const body = spec.body === undefined ? undefined : JSON.stringify(spec.body);
    const token = this.config.token?.();
    const options: RequestOptions = {
      method: spec.method,
      headers: {
        accept: spec.accept ?? "application/json",
        "user-agent": MANAGER,
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && {
          "content-type": spec.contentType ?? "application/json",
          "content-length": Buffer.byteLength(body),
        }),
      },
      ...(url.protocol === "https:" && { agent: this.#agent }),
      ...(spec.signal && { signal: spec.signal }),
    };
    return new Promise((resolve, reject) => {
      let stream: ClientRequest | IncomingMessage = (url.protocol === "https:" ? httpsRequest : httpRequest)(
        url,
        options,
        (incoming) => {
          stream = incoming;
          resolve(incoming);
        },
      );
      // A timer, because of AbortSignal.any([AbortSignal.timeout(…), …]) Node 20 collects the timeout before it fires.
      const timer = setTimeout(
        () => stream.destroy(new Error(`no whole answer within ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
      stream.on("error", reject);
      stream.once("close", () => clearTimeout(timer));
      stream.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function readAll(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function errorOf(status: number, text: string, { method, path }: RequestSpec): KubeError {
  try {
    const { reason, message } = JSON.parse(text) as { reason?: string; message?: string };
    return new KubeError(status, reason ?? "Unknown", message ?? `${method} ${path} answered ${status}`);
  } catch {
    return new KubeError(status, "Unknown", `${method} ${path} answered ${status}: ${text.slice(0, 200)}`);
  }
}

/** `runs` of `/apis/…/namespaces/x/runs/y`; for metrics, so without names. */
function resourceOf(path: string): string {
  const parts = path.split("/").slice(path.startsWith("/api/") ? 3 : 4);
  return (parts[0] === "namespaces" && parts.length > 2 ? parts[2] : parts[0]) ?? "";
}
