/** Loads what a step reads, through the IO managers of what made it. */
import type { AssetDefinition, AssetDep } from "../asset/asset.ts";
import { keyText } from "../asset/asset-key.ts";
import { ioManagerName } from "../repository/collect.ts";
import { type InputContext, type ValueAddress, ValueNotStored } from "../resource/io-manager.ts";
import type { Step, StepInput } from "./plan.ts";
import { inputPartitions, timeWindowOf } from "./step-partitions.ts";
import { assetOf, type StepScope } from "./step-scope.ts";
import { errorInfo } from "./user-errors.ts";

type Leaf = Exclude<StepInput, { kind: "fan_in" }>;

/** Names of the IO managers that the inputs of a step need. */
export function inputManagers(scope: StepScope): string[] {
  const names = new Set<string>();
  const visit = (input: string, source: StepInput): void => {
    if (source.kind === "fan_in") for (const inner of source.sources) visit(input, inner);
    else
      names.add(
        managerOf(
          scope,
          input,
          source.kind === "asset"
            ? ioManagerName(assetOf(scope, keyText(source.key)).ioManager)
            : outputOf(scope, source).ioManager,
        ),
      );
  };
  for (const name in scope.step.inputs) visit(name, scope.step.inputs[name] as StepInput);
  return [...names];
}

const specOf = (scope: StepScope, input: string) => scope.node.inputs.find(({ name }) => name === input);

/** The input's own IO manager, else the one that stored the value. */
function managerOf(scope: StepScope, input: string, stored: string): string {
  const own = specOf(scope, input)?.ioManager;
  return own === undefined ? stored : ioManagerName(own);
}

export async function loadInputs(scope: StepScope): Promise<Record<string, unknown>> {
  const inputs: Record<string, unknown> = {};
  for (const spec of scope.node.inputs) {
    if (spec.nothing) continue;
    const source = scope.step.inputs[spec.name];
    const loaded = source === undefined ? scope.runInputs[spec.name] : await load(scope, spec.name, source);
    if (spec.schema === undefined) {
      inputs[spec.name] = loaded;
      continue;
    }
    const parsed = await spec.schema.safeParseAsync(loaded);
    if (!parsed.success) {
      const problems = parsed.error.issues
        .map(({ path, message }) => `${path.join(".") || "the value"}: ${message}`)
        .join("; ");
      throw new TypeError(
        `input ${spec.name} of step ${scope.request.stepKey} is not what its schema asks for — ${problems}`,
      );
    }
    inputs[spec.name] = parsed.data;
  }
  return inputs;
}

function sourceStep(scope: StepScope, key: string): Step {
  const step = scope.run.steps.get(key) ?? scope.run.stored.get(key);
  if (step === undefined)
    throw new Error(`step ${scope.request.stepKey} reads step ${key}, which is not in the plan`);
  return step;
}

function outputOf(scope: StepScope, source: Extract<Leaf, { step: string }>): Step["outputs"][number] {
  const output = sourceStep(scope, source.step).outputs.find(({ name }) => name === source.output);
  if (output === undefined)
    throw new Error(`step ${source.step} has no output ${source.output} in the plan of this run`);
  return output;
}

async function load(scope: StepScope, input: string, source: StepInput): Promise<unknown> {
  switch (source.kind) {
    case "fan_in": {
      const values: unknown[] = [];
      for (const inner of source.sources) {
        if (inner.kind === "step" && notYielded(scope, inner.step, inner.output)) continue;
        values.push(await load(scope, input, inner));
      }
      return values;
    }
    case "asset":
      return loadAsset(scope, input, assetOf(scope, keyText(source.key)), undefined);
    case "collect":
      return loadCollected(scope, input, source);
    case "step":
      return loadStepOutput(scope, input, source);
  }
}

const notYielded = ({ request }: StepScope, step: string, output: string) =>
  request.notYielded[step]?.includes(output) ?? false;

function loadStepOutput(
  scope: StepScope,
  input: string,
  source: Extract<Leaf, { kind: "step" }>,
): Promise<unknown> {
  const step = sourceStep(scope, source.step);
  const output = outputOf(scope, source);
  if (output.asset !== undefined)
    return loadAsset(scope, input, assetOf(scope, keyText(output.asset)), source.step);
  const copy = step.mapOver === undefined ? source.step : `${source.step}[${scope.mappingKey}]`;
  return loadOutput(scope, input, copy, output, output.dynamic ? scope.mappingKey : undefined);
}

async function loadCollected(
  scope: StepScope,
  input: string,
  source: Extract<Leaf, { kind: "collect" }>,
): Promise<unknown[]> {
  const step = sourceStep(scope, source.step);
  const output = outputOf(scope, source);
  const { mapOver } = step;
  const keys =
    scope.request.mappingKeys[mapOver?.step ?? source.step]?.[mapOver?.output ?? source.output] ?? [];
  const values: unknown[] = [];
  for (const key of keys) {
    const copy = mapOver === undefined ? source.step : `${source.step}[${key}]`;
    if (mapOver !== undefined && notYielded(scope, copy, source.output)) continue;
    values.push(await loadOutput(scope, input, copy, output, mapOver === undefined ? key : undefined));
  }
  return values;
}

function loadOutput(
  scope: StepScope,
  input: string,
  stepKey: string,
  output: Step["outputs"][number],
  mappingKey: string | undefined,
) {
  const { run } = scope.request;
  return loadValue(scope, input, managerOf(scope, input, output.ioManager), stepKey, {
    assetKey: undefined,
    partitionKey: undefined,
    partitions: undefined,
    partitionTimeWindow: undefined,
    runId: run.known.outputsFrom[stepKey] ?? run.runId,
    stepKey,
    outputName: output.name,
    mappingKey,
    definitionMetadata: {},
  });
}

/** The edge of the asset graph that this input is, for its partition mapping. */
function edge(scope: StepScope, input: string, upstream: AssetDefinition): AssetDep | undefined {
  const { assets, checks } = scope.run.repository;
  const own = specOf(scope, input)?.edge;
  if (own !== undefined && keyText(own.key) === keyText(upstream.key)) return own;
  const mine = (dep: AssetDep) => dep.input === input && keyText(dep.key) === keyText(upstream.key);
  for (const { asset } of scope.step.outputs) {
    const dep = asset && assets.get(keyText(asset))?.deps.find(mine);
    if (dep !== undefined) return dep;
  }
  for (const check of scope.step.checks) {
    const dep = checks.get(`${check.name} of asset ${keyText(check.asset)}`)?.deps.find(mine);
    if (dep !== undefined) return dep;
  }
  return undefined;
}

async function loadAsset(
  scope: StepScope,
  input: string,
  upstream: AssetDefinition,
  upstreamStep: string | undefined,
): Promise<unknown> {
  const dep = edge(scope, input, upstream);
  const address = (partitionKey: string | undefined): ValueAddress => ({
    assetKey: upstream.key,
    partitionKey,
    partitions: upstream.partitions,
    partitionTimeWindow: timeWindowOf(upstream.partitions, partitionKey === undefined ? [] : [partitionKey]),
    runId: scope.request.run.runId,
    stepKey: upstreamStep ?? upstream.node?.name ?? "",
    outputName: upstream.output ?? "result",
    mappingKey: undefined,
    definitionMetadata: upstream.metadata,
  });
  const manager = managerOf(scope, input, ioManagerName(upstream.ioManager));
  const partitions = inputPartitions(upstream, dep, scope.partitions, scope.clock);
  if (partitions === null) return loadValue(scope, input, manager, upstreamStep, address(undefined));
  if (!partitions.keyed) return loadValue(scope, input, manager, upstreamStep, address(partitions.keys[0]));
  const values: Record<string, unknown> = {};
  const missing: string[] = [];
  for (const key of partitions.keys) {
    try {
      values[key] = await loadRaw(scope, input, manager, address(key));
    } catch (error) {
      if (!isNotStored(error)) throw loadError(scope, input, manager, error);
      missing.push(key);
    }
  }
  if (missing.length > 0 && !dep?.allowMissing) {
    const shown =
      missing.length > 5
        ? `${missing.slice(0, 5).join(", ")} and ${missing.length - 5} more`
        : missing.join(", ");
    throw new Error(
      `input ${input} of step ${scope.request.stepKey} needs ${missing.length} of ${partitions.keys.length} partitions of ${keyText(upstream.key)} that are not stored: ${shown}. ` +
        `Materialize them, or leave missing ones out with assetIn(…, { allowMissing: true })`,
    );
  }
  loadedEvent(scope, input, manager, upstreamStep, `${Object.keys(values).length} partitions`);
  return values;
}

const isNotStored = (error: unknown) =>
  error instanceof ValueNotStored || (error instanceof Error && error.name === "ValueNotStored");

async function loadRaw(
  scope: StepScope,
  inputName: string,
  manager: string,
  address: ValueAddress,
): Promise<unknown> {
  const context: InputContext = {
    ...address,
    inputName,
    consumer: scope.request.stepKey,
    log: scope.log,
    signal: scope.signal,
  };
  return scope.run.resources.ioManager(manager).loadInput(context);
}

async function loadValue(
  scope: StepScope,
  input: string,
  manager: string,
  upstreamStep: string | undefined,
  address: ValueAddress,
): Promise<unknown> {
  let value: unknown;
  try {
    value = await loadRaw(scope, input, manager, address);
  } catch (error) {
    throw loadError(scope, input, manager, error);
  }
  loadedEvent(scope, input, manager, upstreamStep);
  return value;
}

const loadError = (scope: StepScope, input: string, manager: string, cause: unknown) =>
  new Error(
    `input ${input} of step ${scope.request.stepKey} could not be loaded by IO manager ${manager}: ${errorInfo(cause).message}`,
    { cause },
  );

function loadedEvent(
  scope: StepScope,
  input: string,
  ioManager: string,
  upstreamStep: string | undefined,
  what = "",
) {
  scope.emit({
    type: "LOADED_INPUT",
    ts: scope.now(),
    level: "DEBUG",
    message: `Loaded input ${input}${what === "" ? "" : ` (${what})`} with IO manager ${ioManager}.`,
    stepKey: scope.request.stepKey,
    input,
    ioManager,
    ...(upstreamStep === undefined ? {} : { upstreamStep }),
  });
}
