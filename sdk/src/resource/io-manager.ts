import type { z } from "zod";
import type { LoggedEvent } from "../execution/context.ts";
import type { Log } from "../execution/log.ts";
import type { MetadataInput } from "../metadata/metadata-value.ts";
import type { AssetKey, PartitionsDef } from "../model/definitions.ts";
import {
  makeResource,
  type NoKeys,
  type ResourceDefinition,
  type ResourceMap,
  type ResourceOptions,
  resourceParts,
} from "./resource.ts";

/** Which stored value is meant: an asset (of a partition), or a step's output in a run. */
export interface ValueAddress {
  /** Set when the value is an asset; then run, step and output say only who wrote it. */
  readonly assetKey: AssetKey | undefined;
  readonly partitionKey: string | undefined;
  /** The partitions of the asset, if it has any. */
  readonly partitions: PartitionsDef | undefined;
  /** Window of a time partition, else undefined. */
  readonly partitionTimeWindow: { start: Date; end: Date } | undefined;
  /** Run that stored (or stores) it. For an asset that is loaded from an earlier run it is the present run. */
  readonly runId: string;
  readonly stepKey: string;
  readonly outputName: string;
  /** Of a dynamic output. */
  readonly mappingKey: string | undefined;
  /** Metadata at definition of the asset, {} for an op's output. */
  readonly definitionMetadata: Readonly<Record<string, unknown>>;
}

export interface OutputContext extends ValueAddress {
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Adds metadata to HANDLED_OUTPUT and, for an asset, to its materialization. */
  metadata(values: MetadataInput): void;
  /** Reports something beside the value: `logEvent(assetMaterialization("files/orders", { metadata: { path } }))`. */
  logEvent(event: LoggedEvent): void;
}

export interface InputContext extends ValueAddress {
  /** Name of the input that is loaded. */
  readonly inputName: string;
  /** The step that loads it. */
  readonly consumer: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Stores what steps return and loads it for those who read it. It is called once for each partition; a run over several
 * partitions hands and gets an object keyed by partition, which the framework takes apart and puts together.
 */
export interface IoManager {
  handleOutput(context: OutputContext, value: unknown): unknown;
  /** Throws `ValueNotStored` when there is nothing at this address. */
  loadInput(context: InputContext): unknown;
}

/** The half of an IO manager that loads. */
export type InputManager = Pick<IoManager, "loadInput">;

export type IoManagerDefinition<Input = never> = ResourceDefinition<IoManager, Input>;

/** Nothing is stored at this address. */
export class ValueNotStored extends Error {
  override name = "ValueNotStored";
}

type InputOf<C> = C extends z.ZodType ? z.input<C> : never;

/** Defines an IO manager: as `resource`, but `create` gives `{ handleOutput, loadInput }`. */
export function ioManager<C extends z.ZodType | undefined = undefined, N extends ResourceMap = NoKeys>(
  options: ResourceOptions<IoManager, C, N> | (() => IoManager | Promise<IoManager>),
): IoManagerDefinition<InputOf<C>> {
  const full = typeof options === "function" ? { create: options } : options;
  return makeResource(resourceParts(full as never, "io_manager", true));
}

/**
 * Defines an IO manager that only loads, for `assetIn(…, { ioManager })` and `input({ ioManager })`: to read a value in another
 * form, or from where another system put it. What must be closed is a resource that it nests.
 * @example
 * const asCsv = inputManager({ create: () => ({ loadInput: ({ assetKey }) => readFile(`/in/${assetKey?.join("/")}.csv`, "utf8") }) });
 */
export function inputManager<C extends z.ZodType | undefined = undefined, N extends ResourceMap = NoKeys>(
  options: Omit<ResourceOptions<InputManager, C, N>, "close">,
): IoManagerDefinition<InputOf<C>> {
  const create = async (context: never): Promise<IoManager> => {
    const { loadInput } = await options.create(context);
    return {
      loadInput,
      handleOutput: (output) => {
        throw new TypeError(
          `${addressText(output)} cannot be stored by an input manager, which only loads: give it an IO manager`,
        );
      },
    };
  };
  return makeResource(resourceParts({ ...options, create } as never, "input_manager", true));
}

/** Text that says which value is meant, for messages. */
export function addressText(address: ValueAddress): string {
  const partition = address.partitionKey === undefined ? "" : ` (partition ${address.partitionKey})`;
  if (address.assetKey !== undefined) return `asset ${address.assetKey.join("/")}${partition}`;
  const mapped = address.mappingKey === undefined ? "" : `[${address.mappingKey}]`;
  return `output ${address.outputName}${mapped} of step ${address.stepKey} in run ${address.runId}`;
}

/** What a person can do where nothing is stored. */
export const whenNotStored = ({ assetKey }: ValueAddress): string =>
  assetKey !== undefined
    ? "materialize it first; if it returns nothing on purpose, depend on it by `deps` instead of `inputs`"
    : "return a value from that step, or make the input `nothing` where it only says what comes first";
