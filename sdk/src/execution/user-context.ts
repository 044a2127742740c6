/** The object that a user's function gets. A class with getters: what is not read costs nothing. */
import { keyText } from "../asset/asset-key.ts";
import { type MetadataInput, toMetadata } from "../metadata/metadata-value.ts";
import type { AssetKey } from "../model/definitions.ts";
import type { Metadata, RunEvent } from "../model/event.ts";
import { type DynamicPartitions, dynamicName, splitKey } from "../partitions/index.ts";
import type { CheckOutcome, LoggedEvent, RunInfo, StepAsset, StepContext, TimeWindow } from "./context.ts";
import type { RunServices } from "./execute-step.ts";
import { type Log, makeLog } from "./log.ts";
import { eventLogger } from "./log-event.ts";
import type { Step } from "./plan.ts";
import { type StepPartitions, timeWindowOf } from "./step-partitions.ts";

/** A check that a function may report; `output` is that of its asset, where that is made here. */
export interface DeclaredCheck {
  asset: string;
  output: string | undefined;
  name: string;
}
export const outcomeKey = (asset: string, check: string) => `${asset} ${check}`;

export interface ContextParts {
  step: Step;
  stepKey: string;
  stepAttempt: number;
  run: RunInfo;
  inputs: Record<string, unknown>;
  config: unknown;
  resources: Record<string, unknown>;
  partitions: StepPartitions;
  assets: readonly StepAsset[];
  /** Checks that the asset's own function reports, whether this run asks for them or not. */
  declaredChecks: readonly DeclaredCheck[];
  services: RunServices;
  signal: AbortSignal;
  emit: (event: RunEvent) => void;
  now: () => number;
}

export class UserContext implements StepContext {
  readonly #parts: ContextParts;
  readonly inputs: Record<string, unknown>;
  readonly config: unknown;
  readonly resources: Record<string, unknown>;
  readonly run: RunInfo;
  readonly signal: AbortSignal;
  readonly stepKey: string;
  readonly log: Log;
  /** What the user added, by `output` and partition. Not part of what users see. */
  readonly added: { metadata: Metadata; output: string | undefined; partition: string | undefined }[] = [];
  /** By `outcomeKey`. */
  readonly outcomes = new Map<string, CheckOutcome>();
  readonly #versions: { version: string; output: string | undefined; partition: string | undefined }[] = [];

  constructor(parts: ContextParts) {
    this.#parts = parts;
    this.inputs = parts.inputs;
    this.config = parts.config;
    this.resources = parts.resources;
    this.run = parts.run;
    this.signal = parts.signal;
    this.stepKey = parts.stepKey;
    this.log = stepLog(parts);
  }

  /** For a check: the value of its asset. */
  get value(): unknown {
    return this.inputs.value;
  }
  get opName(): string {
    return this.#parts.step.op.name;
  }
  get retryNumber(): number {
    return this.#parts.stepAttempt - 1;
  }
  get assetKey(): AssetKey {
    const { outputs, checks } = this.#parts.step;
    const keys = new Map(
      [...outputs.flatMap(({ asset }) => (asset ? [asset] : [])), ...checks.map(({ asset }) => asset)].map(
        (key) => [keyText(key), key],
      ),
    );
    const [only] = keys.values();
    if (only === undefined || keys.size > 1) {
      throw new Error(
        `step ${this.stepKey} makes ${keys.size === 0 ? "no asset" : `several assets (${[...keys.keys()].join(", ")})`}: it has no one assetKey`,
      );
    }
    return only;
  }
  get assets(): readonly StepAsset[] {
    return this.#parts.assets;
  }
  get selectedOutputs(): ReadonlySet<string> {
    return new Set(this.#parts.step.outputs.map(({ name }) => name));
  }
  get selectedChecks(): ReadonlySet<string> {
    return new Set(this.#parts.step.checks.map(({ name }) => name));
  }
  get partitionKey(): string | undefined {
    const { keys, range } = this.#parts.partitions;
    if (range && keys.length !== 1)
      throw new Error(`step ${this.stepKey} runs over ${keys.length} partitions: use partitionKeys`);
    return keys[0];
  }
  get partitionKeys(): readonly string[] {
    return this.#parts.partitions.keys;
  }
  get partitionDimensions(): Readonly<Record<string, string>> {
    const { def } = this.#parts.partitions;
    if (def?.kind !== "multi") return {};
    const parts = splitKey(def, this.partitionKey ?? "") ?? [];
    return Object.fromEntries(parts.map(({ name, key }) => [name, key]));
  }
  get partitionTimeWindow(): TimeWindow {
    const { def, keys } = this.#parts.partitions;
    const window = timeWindowOf(def, keys);
    if (window === undefined)
      throw new Error(`step ${this.stepKey} has no time partition, so there is no partitionTimeWindow`);
    return window;
  }
  get dynamicPartitions() {
    const { services } = this.#parts;
    return {
      list: (of: DynamicPartitions) => services.dynamicPartitions(dynamicName(of)),
      add: (of: DynamicPartitions, keys: string[]) => services.addDynamicPartitions(dynamicName(of), keys),
      delete: (of: DynamicPartitions, keys: string[]) =>
        services.deleteDynamicPartitions(dynamicName(of), keys),
    };
  }

  // Arrow functions, because users take the context apart: `({ metadata }) => metadata(…)`.
  readonly metadata = (values: MetadataInput, to: { output?: string; partition?: string } = {}): void => {
    this.#checkOutput("metadata", to.output);
    this.added.push({ metadata: toMetadata(values), output: to.output, partition: to.partition });
  };

  readonly dataVersion = (version: string, to: { output?: string; partition?: string } = {}): void => {
    this.#checkOutput("dataVersion", to.output);
    this.#versions.push({ version, output: to.output, partition: to.partition });
  };

  readonly check = (name: string, outcome: boolean | CheckOutcome, of: { output?: string } = {}): void => {
    const all = this.#parts.declaredChecks;
    const meant = all.filter(
      (one) => one.name === name && (of.output === undefined || one.output === of.output),
    );
    const [only] = meant;
    if (only === undefined) {
      const names = [...new Set(all.map((one) => one.name))];
      throw new Error(
        `check ${name}${of.output === undefined ? "" : ` of output ${of.output}`} is not declared: add it to \`checks\` of the asset${names.length > 0 ? ` (declared: ${names.join(", ")})` : ""}`,
      );
    }
    if (meant.length > 1)
      throw new Error(
        `check ${name} is declared by ${meant.map((one) => one.asset).join(" and ")}: say whose it is, check("${name}", …, { output: "${only.output}" })`,
      );
    this.outcomes.set(
      outcomeKey(only.asset, name),
      typeof outcome === "boolean" ? { passed: outcome } : outcome,
    );
  };

  readonly logEvent = (event: LoggedEvent): void => eventLogger(this.#parts)(event);

  #checkOutput(what: string, output: string | undefined): void {
    const { outputs } = this.#parts.step;
    if (output === undefined || outputs.some(({ name }) => name === output)) return;
    throw new Error(
      `${what} for output ${output}: step ${this.stepKey} has ${outputs.map(({ name }) => name).join(", ") || "no outputs"}`,
    );
  }

  /** Metadata given for an output (of a partition). */
  metadataFor(output: string, partition: string | undefined): Metadata {
    const result: Metadata = {};
    for (const entry of this.added)
      if (isFor(entry, output, partition)) Object.assign(result, entry.metadata);
    return result;
  }

  /** Data version given for an output (of a partition): the last one. */
  versionFor(output: string, partition: string | undefined): string | undefined {
    return this.#versions.findLast((entry) => isFor(entry, output, partition))?.version;
  }
}

type Target = { output: string | undefined; partition: string | undefined };
const isFor = (given: Target, output: string, partition: string | undefined) =>
  (given.output === undefined || given.output === output) &&
  (given.partition === undefined || given.partition === partition);

export function stepLog({ stepKey, emit, now }: Pick<ContextParts, "stepKey" | "emit" | "now">): Log {
  return makeLog((level, message, fields) => {
    emit({
      type: "LOG_MESSAGE",
      ts: now(),
      level,
      message,
      stepKey,
      ...(fields === undefined ? {} : { fields: plainFields(fields) }),
    });
  });
}

/** Fields as JSON: an event must be storable whatever the user hands over. */
function plainFields(fields: Record<string, unknown>): Record<string, unknown> {
  try {
    return JSON.parse(
      JSON.stringify(fields, (_key, value: unknown) =>
        typeof value === "bigint" ? value.toString() : value,
      ),
    ) as Record<string, unknown>;
  } catch {
    return { unreadable: Object.keys(fields).join(", ") }; // a circular object: the line itself matters more than its fields
  }
}
