/** The resources of one process and one run: opened when first needed, closed in reverse order. */

import type { RunEvent } from "../model/event.ts";
import type { Repository } from "../repository/collect.ts";
import { resolveResourceConfig } from "../repository/resource-config.ts";
import type { IoManager } from "../resource/io-manager.ts";
import type { Log } from "./log.ts";
import { errorInfo } from "./user-errors.ts";

export interface ScopeOptions {
  repository: Repository;
  /** `resources` of the run config. */
  config: Record<string, unknown>;
  runId: string;
  signal: AbortSignal;
  log: Log;
  now: () => number;
}

interface Opened {
  name: string;
  value: unknown;
  close: (() => unknown) | undefined;
}

export class ResourceScope {
  readonly #options: ScopeOptions;
  readonly #opening = new Map<string, Promise<Opened>>();
  /** Values that are open already, so that a step that needs no waiting does not wait. */
  readonly #values = new Map<string, unknown>();
  readonly #order: Opened[] = [];
  #closing: Promise<void> | undefined;

  constructor(options: ScopeOptions) {
    this.#options = options;
  }

  /** Opens what is not open yet, and says so in events. Rejects with what `create` threw, its message naming the resource. */
  async open(names: readonly string[], stepKey: string, emit: (event: RunEvent) => void): Promise<void> {
    const missing = names.filter((name) => !this.#values.has(name));
    if (missing.length === 0) return;
    const base = { stepKey, level: "DEBUG" as const };
    const ts = this.#options.now;
    emit({
      type: "RESOURCE_INIT_STARTED",
      ts: ts(),
      ...base,
      message: `Opening ${missing.join(", ")}.`,
      resources: missing,
    });
    try {
      for (const name of missing) await this.#one(name);
    } catch (error) {
      const info = errorInfo(error);
      emit({
        type: "RESOURCE_INIT_FAILURE",
        ts: ts(),
        stepKey,
        level: "ERROR",
        message: info.message,
        error: info,
      });
      throw error;
    }
    emit({
      type: "RESOURCE_INIT_SUCCESS",
      ts: ts(),
      ...base,
      message: `Opened ${missing.join(", ")}.`,
      resources: missing,
    });
  }

  value(name: string): unknown {
    if (!this.#values.has(name)) throw new Error(`resource ${name} is not open`);
    return this.#values.get(name);
  }

  ioManager(name: string): IoManager {
    return this.value(name) as IoManager;
  }

  values(names: readonly string[]): Record<string, unknown> {
    return Object.fromEntries(names.map((name) => [name, this.value(name)]));
  }

  async #one(name: string): Promise<unknown> {
    let opening = this.#opening.get(name);
    if (opening === undefined) {
      opening = this.#create(name);
      this.#opening.set(name, opening);
      // A resource that could not be opened may be tried again by the next step or the next try.
      opening.catch(() => this.#opening.delete(name));
    }
    return (await opening).value;
  }

  async #create(name: string): Promise<Opened> {
    const { repository, config, runId, signal, log } = this.#options;
    const definition = repository.resources.get(name);
    if (definition?.create === undefined) throw new Error(`there is no resource ${name}`);
    const resources: Record<string, unknown> = {};
    for (const nested of Object.keys(definition.nested)) resources[nested] = await this.#one(nested);
    const given = (config[name] as { config?: unknown } | undefined)?.config;
    const context = { config: resolveResourceConfig(name, definition, given), resources, log, signal, runId };
    let value: unknown;
    try {
      value = await definition.create(context as never);
    } catch (cause) {
      throw new Error(`resource ${name} could not be opened: ${errorInfo(cause).message}`, { cause });
    }
    const opened = {
      name,
      value,
      close: closer(definition.close as ((value: unknown) => unknown) | undefined, value),
    };
    this.#order.push(opened);
    this.#values.set(name, value);
    return opened;
  }

  /** Closes all in reverse order, each even when another fails; rejects with what failed. Later calls wait for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    await Promise.allSettled(this.#opening.values());
    const errors: unknown[] = [];
    for (const { name, close } of this.#order.toReversed()) {
      try {
        await close?.();
      } catch (cause) {
        errors.push(
          new Error(`resource ${name} could not be closed: ${errorInfo(cause).message}`, { cause }),
        );
      }
    }
    this.#values.clear();
    if (errors.length > 1)
      throw new AggregateError(errors, errors.map((error) => (error as Error).message).join("; "));
    if (errors.length === 1) throw errors[0];
  }
}

function closer(
  close: ((value: unknown) => unknown) | undefined,
  value: unknown,
): (() => unknown) | undefined {
  if (close !== undefined) return () => close(value);
  if (typeof value !== "object" || value === null) return undefined;
  const disposable = value as Partial<AsyncDisposable & Disposable>;
  if (typeof disposable[Symbol.asyncDispose] === "function") return () => disposable[Symbol.asyncDispose]?.();
  if (typeof disposable[Symbol.dispose] === "function") return () => disposable[Symbol.dispose]?.();
  return undefined;
}
