import type { z } from "zod";
import type { AutomationCondition } from "../automation/automation-condition.ts";
import type { StepContext } from "../execution/context.ts";
import { type Known, onlyKnown } from "../known-options.ts";
import type { MetadataInput } from "../metadata/metadata-value.ts";
import type { ConditionDef } from "../model/automation.ts";
import type { AssetKey, FreshnessPolicyDef, PartitionMapping, PartitionsDef } from "../model/definitions.ts";
import type { HookDefinition } from "../op/hook.ts";
import type { AnyNode, InputSpec, IoManagerRef, RetryPolicyOptions } from "../op/node.ts";
import { retryPolicy } from "../op/node.ts";
import type { NoKeys, ResourceMap, ResourceValues } from "../resource/resource.ts";
import { definitionSite, KIND, kindOf } from "../source.ts";
import { type AssetKeyLike, assetKey, nodeName } from "./asset-key.ts";

declare const VALUE: unique symbol;
declare const NEEDS: unique symbol;

export interface AssetDep {
  /** Absent for a dependency given by its key alone. */
  asset: AssetDefinition | undefined;
  key: AssetKey;
  input: string | null;
  mapping: PartitionMapping | undefined;
  /** A keyed input leaves out partitions that are not stored, instead of failing. */
  allowMissing: boolean;
  /** Loads it in the place of the IO manager that stored it. */
  ioManager: IoManagerRef | undefined;
}

export interface CheckSpec {
  description?: string;
  /** A failure of severity ERROR stops what is downstream of the asset; default false. */
  blocking?: boolean;
}

/** An asset: `T` is what loading it gives, `P` whether it has partitions, `R` the resources it needs. */
export interface AssetDefinition<T = unknown, P extends boolean = boolean, R = unknown> {
  readonly [KIND]: "asset";
  readonly [VALUE]?: { value: T; partitioned: P };
  readonly [NEEDS]?: R;
  readonly key: AssetKey;
  readonly kind: "materializable" | "observable" | "external";
  readonly description: string | undefined;
  readonly group: string;
  readonly owners: string[];
  readonly tags: Record<string, string>;
  readonly kinds: string[];
  readonly codeVersion: string | undefined;
  readonly metadata: MetadataInput;
  readonly deps: AssetDep[];
  readonly partitions: PartitionsDef | undefined;
  readonly backfillPolicy: { maxPartitionsPerRun: number | null } | undefined;
  readonly node: AnyNode | undefined;
  readonly output: string | undefined;
  readonly ioManager: IoManagerRef | undefined;
  readonly canSubset: boolean;
  readonly checks: Readonly<Record<string, CheckSpec>>;
  readonly automation: ConditionDef | undefined;
  readonly freshnessPolicy: FreshnessPolicyDef | undefined;
  /** All assets of the same node, itself among them. */
  readonly siblings: () => readonly AssetDefinition[];
  readonly source: string | undefined;
}

/** An upstream asset with settings of the edge; see `assetIn`. */
export interface AssetIn<V = unknown> {
  readonly [KIND]: "assetIn";
  readonly [VALUE]?: { value: V };
  readonly asset: AssetDefinition;
  readonly mapping: PartitionMapping | undefined;
  readonly allowMissing: boolean;
  readonly ioManager: IoManagerRef | undefined;
}
export type AssetInputs = Readonly<Record<string, AssetDefinition | AssetIn>>;

export type AssetValue<A> = A extends AssetDefinition<infer T> ? T : never;
type Keyed<T> = Readonly<Record<string, T>>;
/** An unpartitioned asset reads all partitions of a partitioned one, by key. */
type InputValue<A, P> =
  A extends AssetIn<infer V>
    ? V
    : A extends AssetDefinition<infer T, infer U>
      ? U extends true
        ? P extends true
          ? T
          : Keyed<T>
        : T
      : never;
export type InputValues<I, P> = { readonly [K in keyof I]: InputValue<I[K], P> };

/**
 * An input that another IO manager loads than the one that stored it; what it loads is said by the type parameter.
 * @param options.ioManager its name among the resources, or itself as `{ name: definition }`; `inputManager(…)` makes one
 * @example
 * asset("report", { inputs: { rows: assetIn<string>(rows, { ioManager: { rowsAsCsv } }) } }, ({ inputs }) => inputs.rows.length);
 */
export function assetIn<V>(
  asset: AssetDefinition,
  options: { ioManager: IoManagerRef; mapping?: PartitionMapping; allowMissing?: boolean },
): AssetIn<V>;
/** An input from one partition of an upstream asset: that of the same key (`identity`), or the newest (`last`). */
export function assetIn<T>(
  asset: AssetDefinition<T>,
  options: { mapping: { kind: "identity" | "last" }; allowMissing?: boolean },
): AssetIn<T>;
/**
 * An input from several partitions of an upstream asset: an object by partition key.
 * @param options.mapping which ones; default Dagster's for the two definitions: windows that overlap, equal keys, all
 * @param options.allowMissing leave out those that are not stored; default false: the step fails
 * @example
 * asset("monthly", { partitions: months, inputs: { days: assetIn(daily) } }, ({ inputs }) => Object.values(inputs.days).flat());
 */
export function assetIn<T>(
  asset: AssetDefinition<T>,
  options?: { mapping?: PartitionMapping; allowMissing?: boolean },
): AssetIn<Keyed<T>>;
export function assetIn(
  asset: AssetDefinition,
  options: { ioManager?: IoManagerRef; mapping?: PartitionMapping; allowMissing?: boolean } = {},
): AssetIn {
  const { mapping, allowMissing = false, ioManager } = options;
  return { [KIND]: "assetIn", asset, mapping, allowMissing, ioManager };
}

export interface AssetMeta<Part extends PartitionsDef | undefined = PartitionsDef | undefined> {
  /** In front of the key: `"raw"` makes `orders` `raw/orders`. */
  keyPrefix?: AssetKeyLike;
  /** Default `default`. */
  group?: string;
  description?: string;
  /** E-mail addresses or `team:name`. */
  owners?: readonly string[];
  /** For selections: `tag:tier=1`. */
  tags?: Readonly<Record<string, string>>;
  /** What it is made of, shown as badges: `duckdb`, `csv`. */
  kinds?: readonly string[];
  /** Changes when the function makes something else: what other code made is then stale. */
  codeVersion?: string;
  /** Of the definition, always shown; what a run found out goes to `metadata(…)` of its context. */
  metadata?: MetadataInput;
  /** `dailyPartitions(…)`, `staticPartitions(…)`, …; default: none, it is made as a whole. */
  partitions?: Part;
  /** Name of the IO manager among the resources, or the manager itself as `{ name: definition }`; default `ioManager`. */
  ioManager?: IoManagerRef;
  /** When the control plane shall materialize it by itself. */
  automationCondition?: AutomationCondition;
  /** How old it may be: `FreshnessPolicy.timeWindow(…)` or `.cron(…)`. */
  freshnessPolicy?: FreshnessPolicyDef;
}

export interface ComputeOptions<I, C, R extends ResourceMap> {
  /** Upstream assets whose values it loads, by reference: `{ orders }`. */
  inputs?: I;
  /** Upstream assets that it only comes after. */
  deps?: readonly (AssetDefinition | AssetIn | AssetKeyLike)[];
  /** Schema of `ops.<name>.config` in run config. */
  config?: C;
  /** Resources by reference: `{ db }`; the property's name is the resource's name. */
  resources?: R;
  /** What to do when it throws; default: the job's policy, else no retry. */
  retryPolicy?: RetryPolicyOptions;
  /** Tags of its step, e.g. `dagster-k8s/config`. */
  opTags?: Readonly<Record<string, string>>;
  /** Concurrency pool of its step: over all runs, as many of its steps run at once as the pool has slots. */
  pool?: string;
  /** Run after its step: what `successHook` and `failureHook` gave. */
  hooks?: readonly HookDefinition[];
  /** Most partitions of a backfill that one run takes, null = all. Default: one. Its function then makes several at once: `partitionKeys`. */
  backfillPolicy?: { maxPartitionsPerRun: number | null };
}

export const ASSET_META: Known<AssetMeta> = {
  keyPrefix: true,
  group: true,
  description: true,
  owners: true,
  tags: true,
  kinds: true,
  codeVersion: true,
  metadata: true,
  partitions: true,
  ioManager: true,
  automationCondition: true,
  freshnessPolicy: true,
};
export const COMPUTE_OPTIONS: Known<ComputeOptions<unknown, unknown, ResourceMap>> = {
  inputs: true,
  deps: true,
  config: true,
  resources: true,
  retryPolicy: true,
  opTags: true,
  pool: true,
  hooks: true,
  backfillPolicy: true,
};

export interface AssetOptions<
  I,
  C,
  R extends ResourceMap,
  Part extends PartitionsDef | undefined,
  O extends boolean = boolean,
> extends AssetMeta<Part>,
    ComputeOptions<I, C, R> {
  /** Checks that the function itself reports with `check(name, …)`. */
  checks?: Readonly<Record<string, CheckSpec>>;
  /** True = a function that returns nothing has made nothing: no materialization, and what depends on it is skipped. Default false. */
  optional?: O;
}

const ASSET_OPTIONS: Known<AssetOptions<unknown, unknown, ResourceMap, undefined>> = {
  ...ASSET_META,
  ...COMPUTE_OPTIONS,
  checks: true,
  optional: true,
};

export type ConfigOf<C> = C extends z.ZodType ? z.output<C> : undefined;
/** `"eu" | "us"` for static partitions of these keys, string for others, undefined without any. */
export type PartitionKeyOf<Part> = Part extends { kind: "static"; keys: (infer K extends string)[] }
  ? K
  : Part extends PartitionsDef
    ? string
    : undefined;
export type IsPartitioned<Part> = Part extends PartitionsDef ? true : false;

export const assetInDep = (
  { asset, mapping, allowMissing, ioManager }: AssetIn,
  input: string | null,
): AssetDep => ({ asset, key: asset.key, input, mapping, allowMissing, ioManager });

/** An edge with nothing said about it. */
export const plainDep = (asset: AssetDefinition, input: string | null): AssetDep => ({
  asset,
  key: asset.key,
  input,
  mapping: undefined,
  allowMissing: false,
  ioManager: undefined,
});

export function assetDeps(
  inputs: AssetInputs | undefined,
  deps: ComputeOptions<never, never, never>["deps"],
): AssetDep[] {
  const edge = (item: AssetDefinition | AssetIn | AssetKeyLike, input: string | null): AssetDep => {
    const kind = kindOf(item);
    if (kind === "assetIn") {
      return assetInDep(item as AssetIn, input);
    }
    if (kind === "asset") {
      const asset = item as AssetDefinition;
      return plainDep(asset, input);
    }
    if (typeof item !== "string" && !Array.isArray(item)) {
      throw new TypeError(
        `${input === null ? "a dep" : `input "${input}"`} is not an asset: give what asset(…) returned`,
      );
    }
    return {
      asset: undefined,
      key: assetKey(item as AssetKeyLike),
      input,
      mapping: undefined,
      allowMissing: false,
      ioManager: undefined,
    };
  };
  return [
    ...Object.entries(inputs ?? {}).map(([name, item]) => edge(item, name)),
    ...(deps ?? []).map((item) => edge(item, null)),
  ];
}

export const assetInputSpecs = (deps: AssetDep[]): InputSpec[] =>
  deps.flatMap((dep) =>
    dep.input === null
      ? []
      : [
          {
            name: dep.input,
            description: undefined,
            nothing: false,
            schema: undefined,
            asset: undefined,
            edge: undefined,
            ioManager: dep.ioManager,
          },
        ],
  );

export const nodeOptions = (options: ComputeOptions<unknown, z.ZodType | undefined, ResourceMap>) => ({
  config: options.config,
  resources: options.resources ?? {},
  retryPolicy: options.retryPolicy && retryPolicy(options.retryPolicy),
  tags: { ...options.opTags },
  pool: options.pool,
  hooks: options.hooks ?? [],
});

type AssetParts = Pick<
  AssetDefinition,
  "key" | "kind" | "deps" | "node" | "output" | "canSubset" | "source"
> &
  Partial<Pick<AssetDefinition, "siblings" | "checks" | "backfillPolicy">>;

export function makeAsset(parts: AssetParts, meta: AssetMeta): AssetDefinition {
  const definition: AssetDefinition = {
    [KIND]: "asset",
    description: meta.description,
    group: meta.group ?? "default",
    owners: [...(meta.owners ?? [])],
    tags: { ...meta.tags },
    kinds: [...(meta.kinds ?? [])],
    codeVersion: meta.codeVersion,
    metadata: meta.metadata ?? {},
    partitions: meta.partitions,
    ioManager: meta.ioManager,
    checks: {},
    automation: meta.automationCondition?.def,
    freshnessPolicy: meta.freshnessPolicy,
    backfillPolicy: undefined,
    siblings: () => [definition],
    ...parts,
  };
  return definition;
}

/**
 * Defines an asset: its key, what it needs, and the function that makes it. What the function returns is stored by the IO
 * manager and is what downstream assets get; returning nothing stores nothing and still records a materialization.
 * @example
 * const orders = asset("orders", async ({ log }) => loadOrders());
 */
export function asset<T>(
  key: AssetKeyLike,
  compute: (context: StepContext<NoKeys, undefined, NoKeys, undefined>) => T,
): AssetDefinition<Awaited<T>, false, NoKeys>;
/**
 * Defines an asset: its key, what it needs, and the function that makes it. What the function returns is stored by the IO
 * manager and is what downstream assets get; returning nothing stores nothing and still records a materialization.
 * @param key `"orders"`, `"raw/orders"` or `["raw", "orders"]`; letters, digits and `_`
 * @example
 * const orders = asset("orders", { partitions: daily, group: "raw" }, ({ partitionKey }) => loadOrders(partitionKey));
 * const revenue = asset("revenue", { partitions: daily, inputs: { orders } }, ({ inputs }) => sum(inputs.orders));
 */
export function asset<
  T,
  I extends AssetInputs = NoKeys,
  C extends z.ZodType | undefined = undefined,
  R extends ResourceMap = NoKeys,
  Part extends PartitionsDef | undefined = undefined,
  O extends boolean = false,
>(
  key: AssetKeyLike,
  options: AssetOptions<I, C, R, Part, O>,
  compute: (
    context: StepContext<
      InputValues<I, IsPartitioned<Part>>,
      ConfigOf<C>,
      ResourceValues<R>,
      PartitionKeyOf<Part>
    >,
  ) => T,
): AssetDefinition<O extends true ? Exclude<Awaited<T>, undefined> : Awaited<T>, IsPartitioned<Part>, R>;
export function asset(
  keyLike: AssetKeyLike,
  optionsOrCompute:
    | AssetOptions<AssetInputs, z.ZodType | undefined, ResourceMap, PartitionsDef | undefined>
    | ((context: never) => unknown),
  given?: (context: never) => unknown,
): AssetDefinition<never, never, never> {
  const options = typeof optionsOrCompute === "function" ? {} : optionsOrCompute;
  const compute = typeof optionsOrCompute === "function" ? optionsOrCompute : given;
  if (compute === undefined) throw new TypeError(`asset ${String(keyLike)} has no function`);
  onlyKnown(`asset ${String(keyLike)}`, options, ASSET_OPTIONS);
  const key = assetKey(keyLike, options.keyPrefix);
  const deps = assetDeps(options.inputs, options.deps);
  const source = definitionSite();
  const node: AnyNode = {
    type: "op",
    name: nodeName(key),
    description: options.description,
    inputs: assetInputSpecs(deps),
    outputs: [
      {
        name: "result",
        description: undefined,
        dynamic: false,
        required: !options.optional,
        ioManager: options.ioManager,
        schema: undefined,
      },
    ],
    returns: "single",
    ...nodeOptions(options),
    compute,
    source,
  };
  const { checks = {}, backfillPolicy } = options;
  return makeAsset(
    {
      key,
      kind: "materializable",
      deps,
      node,
      output: "result",
      canSubset: false,
      checks,
      backfillPolicy,
      source,
    },
    options,
  ) as AssetDefinition<never, never, never>;
}
