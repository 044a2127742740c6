/** Takes what a step's function returned, has it stored, and reports it. */
import type { AssetDep } from "../asset/asset.ts";
import { keyText } from "../asset/asset-key.ts";
import { type MetadataInput, toMetadata } from "../metadata/metadata-value.ts";
import type { PartitionMapping, PartitionsDef } from "../model/definitions.ts";
import type { Metadata } from "../model/event.ts";
import { PartitionMappingError, upstreamPartitionKeys } from "../partitions/index.ts";
import type { OutputContext } from "../resource/io-manager.ts";
import type { CheckOutcome } from "./context.ts";
import { eventLogger } from "./log-event.ts";
import type { Step } from "./plan.ts";
import { reportObservation } from "./report-observation.ts";
import { timeWindowOf } from "./step-partitions.ts";
import type { StepResult } from "./step-protocol.ts";
import { assetOf, type StepScope } from "./step-scope.ts";
import { outcomeKey, type UserContext } from "./user-context.ts";
import { errorInfo } from "./user-errors.ts";

type Success = Extract<StepResult, { kind: "success" }>;
type Output = Step["outputs"][number];
type Check = Step["checks"][number];

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map);

/** Stores every output and evaluates what the step reports of checks. */
export async function storeOutputs(
  scope: StepScope,
  user: UserContext,
  returned: unknown,
): Promise<Pick<Success, "outputs" | "blockedAssets">> {
  const { step, node } = scope;
  const outputs: Success["outputs"] = [];
  if (step.outputs.length > 0) {
    const values =
      node.returns === "single" ? { [node.outputs[0]?.name ?? ""]: returned } : byName(scope, returned);
    for (const output of step.outputs) {
      const value = values[output.name];
      // One output that is optional is left out by returning nothing; one among several by leaving out its property. An
      // asset whose property is there with no value was made elsewhere: nothing is stored, and a materialization recorded.
      const none = value === undefined && !output.required;
      const absent =
        node.returns === "single" ? none : !(output.name in values) || (none && output.asset === undefined);
      if (absent && output.required)
        throw new TypeError(
          `step ${scope.request.stepKey} did not return output ${output.name}, which is not optional`,
        );
      if (absent && !output.observes) continue;
      if (output.observes) {
        reportObservation(scope, user, output, value);
        outputs.push({ name: output.name });
        continue;
      }
      outputs.push(
        output.dynamic
          ? await storeDynamic(scope, user, output, value)
          : await storePlain(scope, user, output, value),
      );
    }
  }
  return { outputs, blockedAssets: reportChecks(scope, user, returned) };
}

function byName(scope: StepScope, returned: unknown): Record<string, unknown> {
  const { node, request } = scope;
  const names = node.outputs.map(({ name }) => name);
  if (returned === undefined && node.outputs.every(({ required }) => !required)) return {};
  if (!isRecord(returned))
    throw new TypeError(
      `step ${request.stepKey} must return an object with its outputs ${names.join(", ")}; it returned ${describe(returned)}`,
    );
  const unknown = Object.keys(returned).filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new TypeError(
      `step ${request.stepKey} returned ${unknown.join(", ")}, which are not among its outputs ${names.join(", ")}`,
    );
  return returned;
}

const describe = (value: unknown) =>
  value === null
    ? "null"
    : Array.isArray(value)
      ? "an array"
      : value === undefined
        ? "nothing"
        : `a ${typeof value}`;

async function storePlain(
  scope: StepScope,
  user: UserContext,
  output: Output,
  value: unknown,
): Promise<Success["outputs"][number]> {
  const stepKey = scope.request.stepKey;
  checkSchema(scope, output.name, value);
  scope.emit({
    type: "STEP_OUTPUT",
    ts: scope.now(),
    level: "DEBUG",
    message: `Returned output ${output.name}.`,
    stepKey,
    output: output.name,
  });
  const { keys, range } = scope.partitions;
  if (output.asset === undefined || output.partitions === undefined || keys.length === 0) {
    await storeOne(scope, user, output, undefined, undefined, value);
    return { name: output.name };
  }
  if (!range) {
    await storeOne(scope, user, output, keys[0], undefined, value);
    return { name: output.name };
  }
  const values = value === undefined ? {} : value;
  const wrong = isRecord(values) ? Object.keys(values).filter((key) => !keys.includes(key)) : undefined;
  if (!isRecord(values) || wrong === undefined || wrong.length > 0) {
    throw new TypeError(
      `step ${stepKey} runs over ${keys.length} partitions, so output ${output.name} must be an object with a value for each partition key` +
        (wrong === undefined
          ? `; it is ${describe(value)}`
          : `; ${wrong.slice(0, 5).join(", ")} are not among them`),
    );
  }
  const missing = value === undefined ? [] : keys.filter((key) => !(key in values));
  if (missing.length > 0)
    throw new TypeError(
      `step ${stepKey} returned no value of ${output.name} for the partitions ${missing.slice(0, 5).join(", ")}`,
    );
  for (const key of keys) await storeOne(scope, user, output, key, undefined, values[key]);
  return { name: output.name };
}

async function storeDynamic(
  scope: StepScope,
  user: UserContext,
  output: Output,
  value: unknown,
): Promise<Success["outputs"][number]> {
  const { stepKey } = scope.request;
  const keys: string[] = [];
  for await (const [key, item] of entries(scope, output.name, value)) {
    if (typeof key !== "string" || !/^[A-Za-z0-9_]+$/.test(key)) {
      throw new TypeError(
        `output ${output.name} of step ${stepKey} has the mapping key ${JSON.stringify(key)}: use letters, digits and _`,
      );
    }
    if (keys.includes(key))
      throw new TypeError(`output ${output.name} of step ${stepKey} has the mapping key ${key} twice`);
    checkSchema(scope, output.name, item);
    scope.emit({
      type: "STEP_OUTPUT",
      ts: scope.now(),
      level: "DEBUG",
      message: `Returned output ${output.name}[${key}].`,
      stepKey,
      output: output.name,
      mappingKey: key,
    });
    await storeOne(scope, user, output, undefined, key, item);
    keys.push(key);
  }
  return { name: output.name, mappingKeys: keys };
}

function entries(
  scope: StepScope,
  output: string,
  value: unknown,
): Iterable<[unknown, unknown]> | AsyncIterable<[unknown, unknown]> {
  if (typeof value === "object" && value !== null) {
    if (Symbol.asyncIterator in value) return value as AsyncIterable<[unknown, unknown]>;
    if (Symbol.iterator in value) return value as Iterable<[unknown, unknown]>;
    return Object.entries(value);
  }
  throw new TypeError(
    `output ${output} of step ${scope.request.stepKey} is dynamic: return an object, a Map or [key, value] pairs; it returned ${describe(value)}`,
  );
}

function checkSchema(scope: StepScope, name: string, value: unknown): void {
  const schema = scope.node.outputs.find((output) => output.name === name)?.schema;
  const result = schema?.safeParse(value);
  if (result === undefined || result.success) return;
  const problems = result.error.issues
    .map(({ path, message }) => `${path.join(".") || "the value"}: ${message}`)
    .join("; ");
  throw new TypeError(
    `output ${name} of step ${scope.request.stepKey} is not what its schema asks for — ${problems}`,
  );
}

async function storeOne(
  scope: StepScope,
  user: UserContext,
  output: Output,
  partitionKey: string | undefined,
  mappingKey: string | undefined,
  value: unknown,
): Promise<void> {
  const { stepKey, run } = scope.request;
  const added: Metadata = {};
  // Nothing returned is nothing to store: the step did its work elsewhere, and a materialization is still recorded.
  if (value !== undefined) {
    const asset = output.asset === undefined ? undefined : assetOf(scope, keyText(output.asset));
    const context: OutputContext = {
      assetKey: output.asset,
      partitionKey,
      partitions: output.partitions,
      partitionTimeWindow: timeWindowOf(output.partitions, partitionKey === undefined ? [] : [partitionKey]),
      runId: run.runId,
      stepKey,
      outputName: output.name,
      mappingKey,
      definitionMetadata: asset?.metadata ?? {},
      log: scope.log,
      signal: scope.signal,
      metadata: (values: MetadataInput) => void Object.assign(added, toMetadata(values)),
      logEvent: eventLogger({ stepKey, emit: scope.emit, now: scope.now }),
    };
    try {
      await scope.run.resources.ioManager(output.ioManager).handleOutput(context, value);
    } catch (cause) {
      const what = `output ${output.name}${mappingKey === undefined ? "" : `[${mappingKey}]`} of step ${stepKey}`;
      throw new Error(
        `${what} could not be stored by IO manager ${output.ioManager}: ${errorInfo(cause).message}`,
        { cause },
      );
    }
    scope.run.observer.stored?.(context, value);
    scope.emit({
      type: "HANDLED_OUTPUT",
      ts: scope.now(),
      level: "DEBUG",
      message: `Stored output ${output.name} with IO manager ${output.ioManager}.`,
      stepKey,
      output: output.name,
      ...(mappingKey === undefined ? {} : { mappingKey }),
      ioManager: output.ioManager,
      ...(Object.keys(added).length === 0 ? {} : { metadata: added }),
    });
  }
  if (output.asset === undefined) return;
  const own = keyText(output.asset);
  const { codeVersion, deps } = assetOf(scope, own);
  const upstream = new Map(deps.map(({ key }) => [keyText(key), key]));
  upstream.delete(own);
  const version = user.versionFor(output.name, partitionKey);
  scope.emit({
    type: "ASSET_MATERIALIZATION",
    ts: scope.now(),
    level: "DEBUG",
    message: `Materialized asset ${keyText(output.asset)}${partitionKey === undefined ? "" : ` (partition ${partitionKey})`}.`,
    stepKey,
    asset: output.asset,
    ...(partitionKey === undefined ? {} : { partition: partitionKey }),
    metadata: { ...added, ...user.metadataFor(output.name, partitionKey) },
    ...(version === undefined ? {} : { dataVersion: version }),
    ...(codeVersion === undefined ? {} : { codeVersion }),
    // Of more than these nobody asks which is new.
    ...(upstream.size > 100 ? {} : { upstream: [...upstream.values()] }),
    // With a code version, the same code over the same data makes the same data.
    ...(version !== undefined || codeVersion === undefined || upstream.size > 100
      ? {}
      : { versionInputs: versionInputs(scope, deps, own, partitionKey) }),
  });
}

/** Upstream assets, or those of their partitions that this partition is made of; more than a hundred count as a whole. */
function versionInputs(scope: StepScope, deps: AssetDep[], own: string, partitionKey: string | undefined) {
  const inputs = new Map<string, { asset: string[]; partitions: string[] | null }>();
  for (const { key, mapping } of deps) {
    if (keyText(key) === own) continue;
    const upstream = scope.run.repository.assets.get(keyText(key))?.partitions;
    const keys = upstream && mappedKeys(scope, upstream, mapping, partitionKey);
    inputs.set(keyText(key), { asset: key, partitions: keys && keys.length < 100 ? keys : null });
  }
  return [...inputs.values()];
}

function mappedKeys(
  { partitions, clock }: StepScope,
  upstream: PartitionsDef,
  mapping: PartitionMapping | undefined,
  partitionKey: string | undefined,
): string[] | null {
  const keys = partitionKey === undefined ? [] : [partitionKey];
  const downstream = partitionKey === undefined ? null : partitions.def;
  try {
    return upstreamPartitionKeys({ downstream, upstream, mapping, keys, ...clock });
  } catch (error) {
    // Of a dependency that is not loaded, nobody needs the mapping to fit.
    if (error instanceof PartitionMappingError) return null;
    throw error;
  }
}

/** Emits the evaluations; gives the assets whose blocking checks failed. */
function reportChecks(scope: StepScope, user: UserContext, returned: unknown): string[][] {
  const { step, partitions } = scope;
  const { stepKey } = scope.request;
  const blocked: string[][] = [];
  for (const check of step.checks) {
    const outcome = outcomeOf(scope, user, check, returned);
    if (outcome === undefined)
      throw new Error(
        `step ${stepKey} did not report its check ${check.name}: call check("${check.name}", passed)`,
      );
    const { passed, severity = "ERROR", description, metadata = {} } = outcome;
    const [partition] = partitions.keys;
    scope.emit({
      type: "ASSET_CHECK_EVALUATION",
      ts: scope.now(),
      level: passed ? "DEBUG" : severity === "WARN" ? "WARNING" : "ERROR",
      message: `Check ${check.name} of asset ${keyText(check.asset)} ${passed ? "passed" : "failed"}.`,
      stepKey,
      asset: check.asset,
      check: check.name,
      passed,
      severity,
      ...(partition === undefined || partitions.range ? {} : { partition }),
      ...(description === undefined ? {} : { description }),
      metadata: {
        ...toMetadata(metadata),
        ...(isOutput(scope, check) ? user.metadataFor(check.output, undefined) : {}),
      },
    });
    if (!passed && severity === "ERROR" && check.blocking) blocked.push(check.asset);
  }
  return blocked;
}

/** A check of a step of its own is what that returns; else the asset's function reports it. */
const isOutput = ({ node }: StepScope, check: Check) =>
  node.outputs.some(({ name }) => name === check.output);

function outcomeOf(
  scope: StepScope,
  user: UserContext,
  check: Check,
  returned: unknown,
): CheckOutcome | undefined {
  const reported = user.outcomes.get(outcomeKey(keyText(check.asset), check.name));
  if (!isOutput(scope, check)) return reported;
  const value = scope.node.returns === "single" ? returned : byName(scope, returned)[check.output];
  if (value === undefined && scope.node.returns === "record") return reported;
  return ownOutcome(scope.request.stepKey, check.name, value, reported);
}

function ownOutcome(
  stepKey: string,
  name: string,
  returned: unknown,
  reported: CheckOutcome | undefined,
): CheckOutcome {
  if (typeof returned === "boolean") return { passed: returned };
  if (isRecord(returned) && typeof returned.passed === "boolean") return returned as unknown as CheckOutcome;
  if (reported !== undefined) return reported;
  throw new TypeError(
    `check ${name} (step ${stepKey}) must return true, false or { passed: … }; it returned ${describe(returned)}`,
  );
}
