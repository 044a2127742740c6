/** Contexts made by hand, to call a function in a unit test without a run. */
import type { AssetDefinition } from "../asset/asset.ts";
import type { AssetCheckDefinition } from "../asset/asset-check.ts";
import { keyText } from "../asset/asset-key.ts";
import type { CheckOutcome, RunInfo, StepContext } from "../execution/context.ts";
import { UserContext } from "../execution/user-context.ts";
import type { PartitionsDef } from "../model/definitions.ts";
import type { Metadata, RunEvent } from "../model/event.ts";
import type { InSpecs, InValues } from "../op/io-spec.ts";
import type { OpNode } from "../op/node.ts";
import type { OpDefinition } from "../op/op.ts";
import { configIssues, configOr } from "../repository/json-schema.ts";
import { type KIND, kindOf } from "../source.ts";
import { InvalidRunConfig, memoryServices } from "./run-in-process.ts";

export interface ContextOptions<I = unknown, C = unknown, R = unknown> {
  inputs?: I;
  config?: C;
  resources?: R;
  partitionKey?: string;
  /** Several partitions at once; then `partitionKey` throws, as in a run over a range. */
  partitionKeys?: readonly string[];
  /** Needed for `partitionTimeWindow` and `partitionDimensions`. */
  partitions?: PartitionsDef;
  /** Key of the asset that is made, for `assetKey`; `raw/orders` or its parts. */
  assetKey?: string | readonly string[];
  /** Names that `check` may report. */
  checks?: readonly string[];
  run?: Partial<RunInfo>;
  /** 0 for the first try. */
  retryNumber?: number;
  /** Keys of dynamic partitions at the start. */
  dynamicPartitions?: Record<string, string[]>;
  signal?: AbortSignal;
}

/** A context, and what the function did with it. */
export interface BuiltContext<I = unknown, C = unknown, R = unknown> extends StepContext<I, C, R> {
  /** Events that it logged: lines of `log` (`LOG_MESSAGE`), materializations, observations. */
  readonly events: readonly RunEvent[];
  /** Everything that it gave to `metadata`, whatever output it was for. */
  readonly recordedMetadata: Metadata;
  /** By name. */
  readonly recordedChecks: Readonly<Record<string, CheckOutcome>>;
}

/**
 * A context for the function of an op, made by hand: `double(buildOpContext({ inputs: { x: 2 } }))`.
 * @example
 * const context = buildOpContext({ config: { limit: 5 }, resources: { api: fake } });
 * expect(load(context)).toHaveLength(5);
 */
export function buildOpContext<I = NonNullable<unknown>, C = undefined, R = NonNullable<unknown>>(
  options: ContextOptions<I, C, R> = {},
): BuiltContext<I, C, R> {
  return build("op", "result", options) as unknown as BuiltContext<I, C, R>;
}

/** As `buildOpContext`, for the function of an asset: `assetKey` is `["asset"]` unless it is given. */
export function buildAssetContext<I = NonNullable<unknown>, C = undefined, R = NonNullable<unknown>>(
  options: ContextOptions<I, C, R> = {},
): BuiltContext<I, C, R> {
  return build("asset", "result", { assetKey: ["asset"], ...options }) as unknown as BuiltContext<I, C, R>;
}

class HandMadeContext extends UserContext {
  readonly events: RunEvent[];
  constructor(parts: ConstructorParameters<typeof UserContext>[0], events: RunEvent[]) {
    super(parts);
    this.events = events;
  }
  get recordedMetadata(): Metadata {
    return Object.assign({}, ...this.added.map(({ metadata }) => metadata));
  }
  get recordedChecks(): Record<string, CheckOutcome> {
    return Object.fromEntries(
      [...this.outcomes].map(([key, outcome]) => [key.slice(key.indexOf(" ") + 1), outcome]),
    );
  }
}

function build(name: string, output: string, options: ContextOptions): HandMadeContext {
  const { inputs = {}, config, resources = {}, partitionKey, partitions, checks = [] } = options;
  const keys = options.partitionKeys ?? (partitionKey === undefined ? [] : [partitionKey]);
  const assetKey =
    typeof options.assetKey === "string"
      ? options.assetKey.split("/")
      : options.assetKey && [...options.assetKey];
  const events: RunEvent[] = [];
  const emit = (event: RunEvent) => void events.push(event);
  const outputs = [
    {
      name: output,
      dynamic: false,
      required: true,
      ioManager: "ioManager",
      ...(assetKey && { asset: assetKey }),
    },
  ];
  const step = {
    key: name,
    op: { name },
    inputs: {},
    after: [],
    upstream: [],
    outputs,
    checks: [],
    gatedBy: [],
  };
  return new HandMadeContext(
    {
      step: { ...step, tags: {} } as never,
      stepKey: name,
      stepAttempt: (options.retryNumber ?? 0) + 1,
      run: {
        runId: "EPHEMERAL",
        job: "",
        tags: {},
        runConfig: {},
        parentRunId: null,
        rootRunId: null,
        ...options.run,
      },
      inputs: inputs as Record<string, unknown>,
      config,
      resources: resources as Record<string, unknown>,
      partitions: { def: partitions ?? null, keys: [...keys], range: options.partitionKeys !== undefined },
      assets: assetKey ? [{ key: assetKey, output, codeVersion: undefined }] : [],
      declaredChecks: checks.map((check) => ({ asset: keyText(assetKey ?? ["asset"]), output, name: check })),
      services: memoryServices(events, options.dynamicPartitions ?? {}),
      signal: options.signal ?? new AbortController().signal,
      emit,
      now: Date.now,
    },
    events,
  );
}

/** An op with whatever inputs: as a function it fits no other one's type. */
type Invocable = Pick<OpDefinition, "node" | typeof KIND> | AssetDefinition | AssetCheckDefinition;
type ResultOf<D> =
  D extends OpDefinition<infer _I, infer _H, infer T>
    ? T
    : D extends AssetDefinition<infer T>
      ? T
      : D extends AssetCheckDefinition
        ? CheckOutcome | boolean
        : never;
type InputsOf<D> =
  D extends OpDefinition<infer I, infer _H, infer _T> ? (I extends InSpecs ? InValues<I> : unknown) : unknown;

/**
 * Calls the function of an op, an asset or a check, without a run: values in, what it returns out. Config is parsed by its
 * schema and inputs by theirs, as a run does; `inputs` are values, and resources plain objects.
 * @throws InvalidRunConfig with every path; an Error for a resource that is not given
 * @example
 * expect(await invoke(load, { config: { limit: 5 }, resources: { api: fake } })).toHaveLength(5);
 */
export async function invoke<D extends Invocable>(
  definition: D,
  options: ContextOptions<InputsOf<D>, unknown, Readonly<Record<string, unknown>>> = {},
): Promise<ResultOf<D>> {
  const node = (definition as { node: OpNode | undefined | { type: "graph" } }).node;
  if (node?.type !== "op")
    throw new TypeError(
      "only an op, or an asset or check that one function makes, can be invoked: run a graph with executeInProcess or materialize",
    );
  const config = node.config === undefined ? options.config : parsedConfig(node, options.config);
  const resources = options.resources ?? {};
  const missing = Object.keys(node.resources).filter((name) => !(name in resources));
  if (missing.length > 0)
    throw new Error(`${node.name} needs the resources ${missing.join(", ")}: give them under \`resources\``);
  const asset = kindOf(definition) === "asset" ? (definition as AssetDefinition) : undefined;
  const context = build(node.name, asset?.output ?? "result", {
    ...(asset && { assetKey: asset.key, checks: Object.keys(asset.checks) }),
    ...(asset?.partitions && { partitions: asset.partitions }),
    ...options,
    config,
    inputs: parsedInputs(node, options.inputs),
  });
  return (await (node.compute as (context: unknown) => unknown)(context)) as ResultOf<D>;
}

function parsedConfig({ name, config }: OpNode, given: unknown): unknown {
  if (config === undefined) return given;
  const value = configOr(config, given);
  const issues = configIssues(config, value, `ops.${name}.config`);
  if (issues.length > 0) throw new InvalidRunConfig(name, issues);
  return config.parse(value);
}

function parsedInputs({ name, inputs }: OpNode, given: unknown): Record<string, unknown> {
  const values = (given ?? {}) as Record<string, unknown>;
  const known = inputs.map((input) => input.name);
  const unknown = Object.keys(values).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw new TypeError(`${name} has no input ${unknown.join(", ")}: it has ${known.join(", ") || "none"}`);
  const parsed: Record<string, unknown> = {};
  for (const input of inputs) {
    if (input.nothing) continue;
    const value = values[input.name];
    if (input.schema === undefined && !(input.name in values))
      throw new TypeError(`${name} needs a value for its input ${input.name}: give it under \`inputs\``);
    parsed[input.name] = input.schema === undefined ? value : input.schema.parse(value);
  }
  return parsed;
}
