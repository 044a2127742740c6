/** How ops say what goes in and what comes out. */
import type { z } from "zod";
import { type AssetDefinition, type AssetIn, type AssetValue, assetInDep } from "../asset/asset.ts";
import { KIND, kindOf } from "../source.ts";
import type { InputSpec, IoManagerRef, OutputSpec } from "./node.ts";

declare const TYPE: unique symbol;
/** What a call of an op gives in the end; makes an op usable as the type of another op's input. */
export declare const RESULT: unique symbol;
const INPUT: unique symbol = Symbol.for("@dagster-operator/sdk/input") as never;
const OUTPUT: unique symbol = Symbol.for("@dagster-operator/sdk/output") as never;

export interface InOptions {
  description?: string;
  /** Loads the value in the place of the IO manager that stored it: its name, or itself as `{ name: definition }`. */
  ioManager?: IoManagerRef;
}

/** An input's type and description, without a check at run time. */
export interface In<T> {
  readonly [TYPE]?: T;
  readonly [INPUT]: InOptions & { nothing?: false };
}
/** An input whose value run config gives where a call does not connect it. */
export interface RunInput<S extends z.ZodType> {
  readonly [INPUT]: { description?: string; nothing?: false };
  readonly runSchema: S;
}
export interface Nothing {
  readonly [INPUT]: { description?: string; nothing: true };
}
export interface OutOptions {
  description?: string;
  /** Name of the IO manager among the resources, or the manager itself as `{ name: definition }`; default `ioManager`. */
  ioManager?: IoManagerRef;
}
/** An output's type and how it is stored. */
export interface Out<T, K extends "plain" | "optional" | "dynamic" = "plain"> {
  readonly [TYPE]?: T;
  readonly [OUTPUT]: OutOptions & { kind: K };
}

/** An input of type `T`; give a zod schema in its place to have loaded values checked. */
export const input = <T>(about: string | InOptions = {}): In<T> => ({
  [INPUT]: typeof about === "string" ? { description: about } : about,
});
/**
 * An input that a call need not connect: its value is then given in run config, under `ops.<name>.inputs.<input>`, and checked.
 * @example
 * const greet = op("greet", { inputs: { name: runInput(z.string()) } }, ({ inputs }) => `Dear ${inputs.name}`);
 */
export const runInput = <S extends z.ZodType>(schema: S): RunInput<S> => ({
  [INPUT]: schema.description === undefined ? {} : { description: schema.description },
  runSchema: schema,
});
/** An input that loads nothing and only orders: "after that". */
export const nothing: Nothing = { [INPUT]: { nothing: true } };
/** An output of type `T`; give a zod schema in its place to have returned values checked. */
export const output = <T>(options: OutOptions = {}): Out<T> => ({ [OUTPUT]: { ...options, kind: "plain" } });
/** An output that the op may leave out; what depends on it is then skipped. */
export const optionalOutput = <T>(options: OutOptions = {}): Out<T, "optional"> => ({
  [OUTPUT]: { ...options, kind: "optional" },
});
/** An output of many values by mapping key: return a record, a Map, or (async) iterate `[key, value]`; downstream `.map` and `.collect`. */
export const dynamicOutput = <T>(options: OutOptions = {}): Out<T, "dynamic"> => ({
  [OUTPUT]: { ...options, kind: "dynamic" },
});

interface HasResult {
  readonly [KIND]: "op";
  readonly [RESULT]?: unknown;
}
/** An input's type: `input<T>()`, a zod schema (values are checked), `nothing`, an op (what it returns), or an asset, also as `assetIn(…)` (loaded unless the call gives something else). */
export type InSpec =
  | In<unknown>
  | RunInput<z.ZodType>
  | Nothing
  | z.ZodType
  | HasResult
  | AssetDefinition
  | AssetIn;
export type OutSpec = Out<unknown, "plain" | "optional" | "dynamic"> | z.ZodType;
export type InSpecs = Readonly<Record<string, InSpec>>;
export type OutSpecs = Readonly<Record<string, OutSpec>>;

type Typed<S> = S extends { readonly [TYPE]?: infer T } ? Exclude<T, undefined> : never;
export type InValue<S> = S extends z.ZodType
  ? z.output<S>
  : S extends RunInput<infer Z>
    ? z.output<Z>
    : S extends HasResult
      ? S extends { readonly [RESULT]?: infer T }
        ? Exclude<T, undefined>
        : never
      : S extends AssetDefinition
        ? AssetValue<S>
        : S extends AssetIn<infer V>
          ? V
          : Typed<S>;
export type InValues<I> = { readonly [K in keyof I as I[K] extends Nothing ? never : K]: InValue<I[K]> };

export type OutElement<S> = S extends z.ZodType ? z.output<S> : Typed<S>;
type DynamicValues<T> =
  | Readonly<Record<string, T>>
  | ReadonlyMap<string, T>
  | Iterable<readonly [string, T]>
  | AsyncIterable<readonly [string, T]>;
export type OutValue<S> = S extends Out<infer T, "dynamic"> ? DynamicValues<T> : OutElement<S>;
type OptionalKeys<O> = { [K in keyof O]: O[K] extends Out<unknown, "optional"> ? K : never }[keyof O];
/** What the function returns: one property an output, optional ones may be absent. */
export type OutValues<O> = O extends OutSpec
  ? O extends Out<infer T, "optional">
    ? T | undefined
    : OutValue<O>
  : { readonly [K in Exclude<keyof O, OptionalKeys<O>>]: OutValue<O[K]> } & {
      readonly [K in OptionalKeys<O>]?: OutValue<O[K]> | undefined;
    };

const isSchema = (spec: object): spec is z.ZodType => "safeParse" in spec;
export const isOutSpec = (spec: OutSpec | OutSpecs): spec is OutSpec => OUTPUT in spec || isSchema(spec);

export function inputSpec(name: string, spec: InSpec): InputSpec {
  const plain = {
    name,
    description: undefined,
    nothing: false,
    schema: undefined,
    asset: undefined,
    edge: undefined,
    ioManager: undefined,
  };
  if (isSchema(spec)) return { ...plain, description: spec.description, schema: spec };
  if ("runSchema" in spec)
    return { ...plain, description: spec[INPUT].description, schema: spec.runSchema, fromRun: true };
  if (INPUT in spec) {
    const about = spec[INPUT];
    if (about.nothing) return { ...plain, description: about.description, nothing: true };
    return { ...plain, description: about.description, ioManager: about.ioManager };
  }
  if (kindOf(spec) === "asset") return { ...plain, asset: spec as AssetDefinition };
  if (kindOf(spec) === "assetIn") {
    const edge = assetInDep(spec as AssetIn, name);
    return { ...plain, asset: edge.asset, edge, ioManager: edge.ioManager };
  }
  if (kindOf(spec) === "op") return plain;
  throw new TypeError(`input ${name} has no type: give input<T>(), a zod schema, nothing, an op or an asset`);
}

export function outputSpec(name: string, spec: OutSpec | undefined): OutputSpec {
  const plain = {
    name,
    description: undefined,
    dynamic: false,
    required: true,
    ioManager: undefined,
    schema: undefined,
  };
  if (spec === undefined) return plain;
  if (isSchema(spec)) return { ...plain, description: spec.description, schema: spec };
  const { description, ioManager, kind } = spec[OUTPUT];
  return { ...plain, description, ioManager, dynamic: kind === "dynamic", required: kind !== "optional" };
}
