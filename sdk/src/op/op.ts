import type { z } from "zod";
import type { AssetDefinition, AssetIn, ConfigOf } from "../asset/asset.ts";
import type { StepContext } from "../execution/context.ts";
import { type Known, onlyKnown } from "../known-options.ts";
import type { NoKeys, ResourceMap, ResourceValues } from "../resource/resource.ts";
import { definitionSite, KIND } from "../source.ts";
import {
  addNode,
  type CallOptions,
  type DynamicHandle,
  type Handle,
  type MappedHandle,
} from "./composition.ts";
import type { HookDefinition } from "./hook.ts";
import {
  type InSpecs,
  type InValue,
  type InValues,
  inputSpec,
  isOutSpec,
  type Nothing,
  type Out,
  type OutElement,
  type OutSpec,
  type OutSpecs,
  type OutValues,
  outputSpec,
  type RESULT,
  type RunInput,
} from "./io-spec.ts";
import { type AnyNode, type OpNode, type RetryPolicyOptions, retryPolicy } from "./node.ts";

/** A partitioned asset gives its value in a job of the same partitions, an object by partition key in one without any. */
type Source<T> =
  | Handle<T>
  | AssetDefinition<T>
  | (T extends Readonly<Record<string, infer E>> ? AssetDefinition<E, true> : never);
/** What may be given for an input of type `T`: a handle, an asset, or for an array also several of these (fan-in). */
type Given<T> = Source<T> | (T extends readonly (infer E)[] ? readonly Source<E>[] : never);
/** For an input that only orders: anything that comes before. */
type Before = Handle | MappedHandle | DynamicHandle | AssetDefinition;
type GivenFor<S> = S extends Nothing ? Before | readonly Before[] : Given<InValue<S>>;
/** Inputs that a call may leave out: assets (loaded then) and schemas with a default. */
type Optional<S> = S extends AssetDefinition | AssetIn | RunInput<z.ZodType>
  ? true
  : S extends z.ZodType
    ? undefined extends z.input<S>
      ? true
      : false
    : false;
type OptionalKeys<I> = { [K in keyof I]: Optional<I[K]> extends true ? K : never }[keyof I];
type GivenAll<I> = { readonly [K in Exclude<keyof I, OptionalKeys<I>>]: GivenFor<I[K]> } & {
  readonly [K in OptionalKeys<I>]?: GivenFor<I[K]> | undefined;
};

/** How an op or a graph is called in a body: with a handle for each input; `H` is what the call gives. */
export type Call<I, H> = keyof I extends never
  ? () => H
  : Exclude<keyof I, OptionalKeys<I>> extends never
    ? (inputs?: GivenAll<I>) => H
    : (inputs: GivenAll<I>) => H;

type HandleOf<S> = S extends Out<infer T, "dynamic"> ? DynamicHandle<T> : Handle<OutElement<S>>;
type HandlesOf<O> = O extends OutSpec ? HandleOf<O> : { readonly [K in keyof O]: HandleOf<O[K]> };

/** An op: called in the body of a graph or job. `I` its inputs, `H` what a call gives, `T` the value of its one output. */
export type OpDefinition<I = never, H = unknown, T = unknown> = Call<I, H> & {
  readonly [KIND]: "op";
  readonly [RESULT]?: T;
  readonly node: OpNode;
  /** The same op under another name in the graph, perhaps with tags or hooks for its step. */
  as(alias: string, options?: Omit<CallOptions, "alias">): Call<I, H>;
};

export interface OpOptions<I extends InSpecs, C extends z.ZodType | undefined, R extends ResourceMap> {
  description?: string;
  /** By name: `input<T>()`, a zod schema, another op (its type), an asset, or `nothing`. */
  inputs?: I;
  /** Schema of `ops.<name>.config` in run config. */
  config?: C;
  /** Resources by reference: `{ db }`; the property's name is the resource's name. */
  resources?: R;
  /** What to do when it throws; default: the job's policy, else no retry. */
  retryPolicy?: RetryPolicyOptions;
  /** Tags of its step. */
  tags?: Readonly<Record<string, string>>;
  /** Concurrency pool of its step: over all runs, as many of its steps run at once as the pool has slots. */
  pool?: string;
  /** Run after each of its steps: what `successHook` and `failureHook` gave. */
  hooks?: readonly HookDefinition[];
}

const OP_OPTIONS: Known<OpOptions<InSpecs, undefined, ResourceMap> & { outputs: unknown }> = {
  description: true,
  inputs: true,
  outputs: true,
  config: true,
  resources: true,
  retryPolicy: true,
  tags: true,
  pool: true,
  hooks: true,
};

/** A function that adds the node to the graph in composition, with `.as`. Shared by ops and graphs. */
export function callable<N extends AnyNode>(kind: "op" | "graph", node: N, single: boolean): unknown {
  const call =
    (options: CallOptions) =>
    (given: Record<string, unknown> = {}) => {
      const handles = addNode(node, given, options);
      return single ? handles[node.outputs[0]?.name ?? ""] : handles;
    };
  return Object.assign(call({}), {
    [KIND]: kind,
    node,
    as: (alias: string, options: Omit<CallOptions, "alias"> = {}) => call({ ...options, alias }),
  });
}

/**
 * Defines an op: a function that a step runs. Its output is what it returns.
 * @example
 * const one = op("one", () => 1);
 */
export function op<T>(
  name: string,
  compute: (context: StepContext<NoKeys, undefined, NoKeys>) => T,
): OpDefinition<NoKeys, Handle<Awaited<T>>, Awaited<T>>;
/**
 * Defines an op with inputs, config or resources. Its output is what it returns.
 * @example
 * const plus = op("plus", { inputs: { x: one, by: z.number().default(1) } }, ({ inputs }) => inputs.x + inputs.by);
 * const both = job("both", () => { plus({ x: one() }); });
 */
export function op<
  T,
  I extends InSpecs = NoKeys,
  C extends z.ZodType | undefined = undefined,
  R extends ResourceMap = NoKeys,
>(
  name: string,
  options: OpOptions<I, C, R> & { outputs?: never },
  compute: (context: StepContext<InValues<I>, ConfigOf<C>, ResourceValues<R>>) => T,
): OpDefinition<I, Handle<Awaited<T>>, Awaited<T>>;
/**
 * Defines an op whose outputs are named, optional, dynamic, checked, or kept by an IO manager of their own.
 * @example
 * const parts = op("parts", { outputs: { left: output<number>(), right: optionalOutput<string>() } }, () => ({ left: 1 }));
 */
export function op<
  O extends OutSpec | OutSpecs,
  I extends InSpecs = NoKeys,
  C extends z.ZodType | undefined = undefined,
  R extends ResourceMap = NoKeys,
>(
  name: string,
  options: OpOptions<I, C, R> & {
    /** One `output<T>()`, `optionalOutput`, `dynamicOutput` or schema, or several by name: the function then returns one property for each. */
    outputs: O;
  },
  compute: (
    context: StepContext<InValues<I>, ConfigOf<C>, ResourceValues<R>>,
  ) => OutValues<O> | Promise<OutValues<O>>,
): OpDefinition<I, HandlesOf<O>, O extends OutSpec ? OutElement<O> : never>;
export function op(
  name: string,
  optionsOrCompute:
    | (OpOptions<InSpecs, z.ZodType | undefined, ResourceMap> & { outputs?: OutSpec | OutSpecs })
    | ((context: never) => unknown),
  given?: (context: never) => unknown,
): unknown {
  const options = typeof optionsOrCompute === "function" ? {} : optionsOrCompute;
  const compute = typeof optionsOrCompute === "function" ? optionsOrCompute : given;
  if (compute === undefined) throw new TypeError(`op ${name} has no function`);
  onlyKnown(`op ${name}`, options, OP_OPTIONS);
  const { outputs } = options;
  const single = outputs === undefined || isOutSpec(outputs);
  const node: OpNode = {
    type: "op",
    name,
    description: options.description,
    inputs: Object.entries(options.inputs ?? {}).map(([key, spec]) => inputSpec(key, spec)),
    outputs: single
      ? [outputSpec("result", outputs)]
      : Object.entries(outputs).map(([key, spec]) => outputSpec(key, spec)),
    returns: single ? "single" : "record",
    config: options.config,
    resources: options.resources ?? {},
    retryPolicy: options.retryPolicy && retryPolicy(options.retryPolicy),
    tags: { ...options.tags },
    pool: options.pool,
    hooks: options.hooks ?? [],
    compute,
    source: definitionSite(),
  };
  return callable("op", node, single);
}
