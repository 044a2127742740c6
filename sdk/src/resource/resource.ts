import type { z } from "zod";
import type { Log } from "../execution/log.ts";
import { definitionSite, KIND } from "../source.ts";
import type { PartWithEnv } from "./env.ts";

declare const VALUE: unique symbol;
export type NoKeys = Record<never, never>;

/** What resources are to an op: `{ db }`, by reference; the property's name is the resource's name in Definitions. */
export type ResourceMap = Readonly<Record<string, ResourceDefinition>>;
export type ValueOf<D> = D extends { readonly [VALUE]?: infer T } ? Exclude<T, undefined> : never;
export type ResourceValues<M> = { readonly [K in keyof M]: ValueOf<M[K]> };

/** What `create` is given. */
export interface ResourceContext<C = unknown, R = unknown> {
  /** Parsed by the schema, environment variables resolved. */
  readonly config: C;
  /** Nested resources, opened. */
  readonly resources: R;
  readonly log: Log;
  /** Aborted when the run is cancelled. */
  readonly signal: AbortSignal;
  readonly runId: string;
}

/**
 * Something that steps share: a connection, a client. Opened once a process when a step first needs it; closed in reverse
 * order when the process is done with the run, also after failure and cancel.
 */
export interface ResourceDefinition<T = unknown, Input = never> {
  readonly [KIND]: "resource";
  readonly [VALUE]?: T;
  readonly isIoManager: boolean;
  readonly description: string | undefined;
  /** Short word for the page, e.g. `duckdb`. */
  readonly type: string;
  readonly schema: z.ZodType | undefined;
  /** Configured values; may hold `env()` references. */
  readonly values: unknown;
  readonly nested: ResourceMap;
  /** Absent = only declared (`requiredResource`): Definitions must provide it. */
  readonly create: ((context: ResourceContext<never, never>) => unknown) | undefined;
  readonly close: ((value: never) => unknown) | undefined;
  readonly source: string | undefined;
  /** The same resource with these values; what is left out may be given in run config under `resources.<name>.config`. */
  configured(values: PartWithEnv<Input>): ResourceDefinition<T, Input>;
}

export interface ResourceOptions<T, C extends z.ZodType | undefined, N extends ResourceMap> {
  description?: string;
  /** Short word for the page; default `resource`. */
  type?: string;
  config?: C;
  /** Other resources that it needs, by reference. */
  resources?: N;
  create: (
    context: ResourceContext<C extends z.ZodType ? z.output<C> : undefined, ResourceValues<N>>,
  ) => T | Promise<T>;
  /** Called when the run is done. Without it, `Symbol.asyncDispose` or `Symbol.dispose` of the value is. */
  close?: (value: NoInfer<T>) => unknown;
}

type Parts = Omit<ResourceDefinition, typeof KIND | typeof VALUE | "configured">;

/** Not for users: `resource`, `ioManager` and `requiredResource` are the doors. */
export function makeResource<T, Input>(parts: Parts): ResourceDefinition<T, Input> {
  return {
    [KIND]: "resource",
    ...parts,
    configured: (values: PartWithEnv<Input>) => makeResource<T, Input>({ ...parts, values }),
  };
}

export const resourceParts = (
  options: ResourceOptions<never, z.ZodType | undefined, ResourceMap>,
  type: string,
  isIoManager: boolean,
): Parts => ({
  isIoManager,
  description: options.description,
  type: options.type ?? type,
  schema: options.config,
  values: undefined,
  nested: options.resources ?? {},
  create: options.create,
  close: options.close,
  source: definitionSite(),
});

type InputOf<C> = C extends z.ZodType ? z.input<C> : never;

/**
 * Defines a resource: `resource(() => new Client())`, or with config, nested resources and a `close`.
 * @example
 * const db = resource({ config: z.object({ url: z.string() }), create: ({ config }) => connect(config.url), close: (c) => c.end() });
 * new Definitions({ assets, resources: { db: db.configured({ url: env("DATABASE_URL") }) } });
 */
export function resource<T, C extends z.ZodType | undefined = undefined, N extends ResourceMap = NoKeys>(
  options: ResourceOptions<T, C, N> | (() => T | Promise<T>),
): ResourceDefinition<T, InputOf<C>> {
  const full = typeof options === "function" ? { create: options } : options;
  return makeResource(resourceParts(full as never, "resource", false));
}

/** A resource that code needs but does not make: each Definitions (and each test) must provide one of its type. */
export function requiredResource<T>(description?: string): ResourceDefinition<T> {
  return makeResource({
    ...resourceParts({ create: () => undefined as never }, "required", false),
    create: undefined,
    description,
  });
}
