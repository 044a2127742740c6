/** Contexts of IO managers, hooks and resources made by hand. */
import { type AssetKeyLike, assetKey } from "../asset/asset-key.ts";
import { makeLog } from "../execution/log.ts";
import { eventLogger } from "../execution/log-event.ts";
import { timeWindowOf } from "../execution/step-partitions.ts";
import { errorInfo } from "../execution/user-errors.ts";
import { type MetadataInput, toMetadata } from "../metadata/metadata-value.ts";
import type { Metadata, RunEvent } from "../model/event.ts";
import type { FailureHookContext } from "../op/hook.ts";
import type { InputContext, OutputContext, ValueAddress } from "../resource/io-manager.ts";
import type { ResourceContext } from "../resource/resource.ts";

export interface AddressOptions extends Partial<Omit<ValueAddress, "assetKey" | "partitionTimeWindow">> {
  /** `raw/orders` or its parts; default: the value is an op's output. */
  assetKey?: AssetKeyLike;
  signal?: AbortSignal;
}
interface Recorded {
  /** What was logged: lines of `log` (`LOG_MESSAGE`), materializations, observations. */
  readonly events: readonly RunEvent[];
}
export interface BuiltOutputContext extends OutputContext, Recorded {
  readonly recordedMetadata: Metadata;
}
export interface BuiltInputContext extends InputContext, Recorded {}
export interface BuiltHookContext<R> extends FailureHookContext<R>, Recorded {}

function recording(stepKey: string) {
  const events: RunEvent[] = [];
  const emit = (event: RunEvent) => void events.push(event);
  const log = makeLog((level, message, fields) =>
    emit({ type: "LOG_MESSAGE", ts: Date.now(), level, message, stepKey, ...(fields && { fields }) }),
  );
  return { events, emit, log };
}

function address({ assetKey: key, ...given }: AddressOptions): ValueAddress {
  const { partitions, partitionKey } = given;
  return {
    partitionKey,
    partitions,
    partitionTimeWindow: timeWindowOf(partitions, partitionKey === undefined ? [] : [partitionKey]),
    runId: "EPHEMERAL",
    stepKey: "step",
    outputName: "result",
    mappingKey: undefined,
    definitionMetadata: {},
    ...given,
    assetKey: key === undefined ? undefined : assetKey(key),
  };
}

/**
 * A context for `handleOutput` of an IO manager, which remembers what was done with it.
 * @example
 * await manager.handleOutput(buildOutputContext({ assetKey: "raw/orders", partitionKey: "2024-05-01" }), rows);
 */
export function buildOutputContext(options: AddressOptions = {}): BuiltOutputContext {
  const { signal = new AbortController().signal, ...rest } = options;
  const at = address(rest);
  const { events, emit, log } = recording(at.stepKey);
  const recordedMetadata: Metadata = {};
  return {
    ...at,
    log,
    signal,
    events,
    recordedMetadata,
    metadata: (values: MetadataInput) => void Object.assign(recordedMetadata, toMetadata(values)),
    logEvent: eventLogger({ stepKey: at.stepKey, emit, now: Date.now }),
  };
}

/** As `buildOutputContext`, for `loadInput` of an IO manager or input manager. */
export function buildInputContext(
  options: AddressOptions & { inputName?: string; consumer?: string } = {},
): BuiltInputContext {
  const {
    signal = new AbortController().signal,
    inputName = "value",
    consumer = "consumer",
    ...rest
  } = options;
  const { events, log } = recording(consumer);
  return { ...address(rest), log, signal, events, inputName, consumer };
}

export interface HookContextOptions<R> extends Partial<Omit<FailureHookContext<R>, "run" | "log">> {
  run?: Partial<FailureHookContext["run"]>;
}

/** A context for the function of a hook; `error` for one on failure. */
export function buildHookContext<R = NonNullable<unknown>>(
  options: HookContextOptions<R> = {},
): BuiltHookContext<R> {
  const { run, resources, stepKey = "step", error = new Error("the step failed"), ...rest } = options;
  const { events, log } = recording(stepKey);
  return {
    hookName: "hook",
    opName: stepKey,
    retryNumber: 0,
    signal: new AbortController().signal,
    errorInfo: errorInfo(error),
    ...rest,
    error,
    stepKey,
    log,
    events,
    resources: (resources ?? {}) as R,
    run: { runId: "EPHEMERAL", job: "", tags: {}, runConfig: {}, parentRunId: null, rootRunId: null, ...run },
  };
}

/** A context for `create` of a resource, an IO manager or an input manager. */
export function buildResourceContext<C = undefined, R = NonNullable<unknown>>(
  options: { config?: C; resources?: R; runId?: string; signal?: AbortSignal } = {},
): ResourceContext<C, R> & Recorded {
  const { events, log } = recording("");
  const { config, resources, runId = "EPHEMERAL", signal = new AbortController().signal } = options;
  return { config: config as C, resources: (resources ?? {}) as R, runId, signal, log, events };
}
