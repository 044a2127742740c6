/** Runs single steps of a run in this process: opens resources, loads inputs, calls the user's function, stores outputs, emits events. */

import { keyText } from "../asset/asset-key.ts";
import { type Definitions, internalsOf } from "../definitions.ts";
import { toMetadata } from "../metadata/metadata-value.ts";
import type { PartitionsDef } from "../model/definitions.ts";
import type { RunEvent } from "../model/event.ts";
import type { AnyNode, OpNode } from "../op/node.ts";
import { configIssues, configOr } from "../repository/json-schema.ts";
import { effectiveRunConfig, opEntry } from "../repository/mapped-config.ts";
import type { ValueAddress } from "../resource/io-manager.ts";
import type { StepAsset } from "./context.ts";
import { inputManagers, loadInputs } from "./load-inputs.ts";
import { makeLog } from "./log.ts";
import { type Plan, planRun, type Step } from "./plan.ts";
import { ResourceScope } from "./resource-scope.ts";
import { retryAfter } from "./retry-delay.ts";
import { runHooks } from "./run-hooks.ts";
import { RunLoggers } from "./run-loggers.ts";
import { dynamicNames, type PartitionClock, stepPartitions } from "./step-partitions.ts";
import type { EmitEvent, RunContext, StepRequest, StepResult } from "./step-protocol.ts";
import type { RunScope, StepScope } from "./step-scope.ts";
import { sourcesOf } from "./step-sources.ts";
import { storeOutputs } from "./store-outputs.ts";
import { type DeclaredCheck, outcomeKey, stepLog, UserContext } from "./user-context.ts";
import { errorInfo, isFailure, isRetryRequested } from "./user-errors.ts";

/** What user code may ask of the control plane while a step runs. The run worker speaks the run API; `materialize()` answers from memory. */
export interface RunServices {
  latestMaterialization(
    asset: string[],
    partition?: string,
  ): Promise<Extract<RunEvent, { type: "ASSET_MATERIALIZATION" }> | null>;
  dynamicPartitions(name: string): Promise<string[]>;
  addDynamicPartitions(name: string, keys: string[]): Promise<void>;
  deleteDynamicPartitions(name: string, keys: string[]): Promise<void>;
}

/**
 * One process' hold on a run: definitions, plan and opened resources. Resources are opened once, when a step first needs
 * them, and closed in reverse order by `close()`, also after failure and cancel.
 */
export interface StepRuntime {
  readonly plan: Plan;
  executeStep(request: StepRequest, emit: EmitEvent, signal: AbortSignal): Promise<StepResult>;
  close(): Promise<void>;
}

/** Thrown inside a step when the run was cancelled; becomes the result `canceled`. */
const CANCELED = Symbol("canceled");

/** For unit tests, which want the very error and the very value. */
export interface StepObserver {
  failed?(stepKey: string, error: unknown): void;
  stored?(address: ValueAddress, value: unknown): void;
}

/** @throws PlanError when the run cannot be planned from these definitions */
export function openStepRuntime(
  definitions: Definitions,
  run: RunContext,
  services: RunServices,
  observer: StepObserver = {},
): StepRuntime {
  return new ProcessRuntime(definitions, run, services, observer);
}

class ProcessRuntime implements StepRuntime {
  readonly plan: Plan;

  readonly #services: RunServices;
  readonly #scope: RunScope;
  readonly #jobPartitions: PartitionsDef | null;
  readonly #stopped = new AbortController();
  readonly #ops: unknown;
  readonly #nodes: ReadonlyMap<string, AnyNode>;
  readonly #loggers: RunLoggers;

  constructor(definitions: Definitions, run: RunContext, services: RunServices, observer: StepObserver) {
    const { repository, snapshot, jobs } = internalsOf(definitions);
    const { job, assets, checks, steps } = run;
    this.plan = planRun(snapshot, {
      job,
      assets: assets ?? undefined,
      checks: checks ?? undefined,
      steps: steps ?? undefined,
    });

    this.#services = services;
    const view = jobs.get(job);
    const def = view?.def;
    this.#jobPartitions = def?.target.kind === "graph" ? def.partitions : null;
    this.#nodes = view?.config.nodes ?? new Map();
    const given = effectiveRunConfig(view?.config.mapping, run.runConfig);
    this.#ops = given.ops ?? def?.runConfig.ops;
    const config = given.resources ?? def?.runConfig.resources ?? {};
    const { runId, tags, runConfig, parentRunId, rootRunId } = run;
    this.#loggers = new RunLoggers(
      view?.config.loggers ?? repository.loggers,
      (given.loggers ?? def?.runConfig.loggers ?? {}) as ConstructorParameters<typeof RunLoggers>[1],
      { runId, job, tags, runConfig, parentRunId, rootRunId },
    );
    const log = makeLog((level, message) => process.stderr.write(`${level} ${message}\n`));
    this.#scope = {
      repository,
      plan: this.plan,
      observer,
      steps: new Map(this.plan.steps.map((step) => [step.key, step])),
      stored: new Map(this.plan.stored.map((step) => [step.key, step])),
      resources: new ResourceScope({
        repository,
        config: config as Record<string, unknown>,
        runId: run.runId,
        signal: this.#stopped.signal,
        log,
        now: Date.now,
      }),
    };
  }

  async executeStep(request: StepRequest, tell: EmitEvent, signal: AbortSignal): Promise<StepResult> {
    const started = performance.now();
    const { stepKey, stepAttempt } = request;
    if (signal.aborted) return { kind: "canceled" };
    const emit = (event: RunEvent) => {
      tell(event);
      this.#loggers.tell(event);
    };
    try {
      await this.#loggers.open();
    } catch (error) {
      this.#scope.observer.failed?.(stepKey, error);
      return failure(error, stepKey, emit);
    }
    if (stepAttempt === 1)
      emit({
        type: "STEP_START",
        ts: Date.now(),
        level: "DEBUG",
        message: `Started step ${stepKey}.`,
        stepKey,
      });
    // What a step emits after it was given up (user code that ignores the signal) would come after the run's end.
    let open = true;
    const emitOpen = (event: RunEvent) => {
      if (open) emit(event);
    };
    let scope: StepScope | undefined;
    try {
      scope = await this.#stepScope(request, emitOpen, signal);
      const done = await this.#run(scope, emitOpen);
      const durationMs = performance.now() - started;
      await unlessCanceled(runHooks(scope), signal);
      const result: StepResult = { kind: "success", durationMs, ...done };
      this.#tellEnd(stepKey, result);
      return result;
    } catch (error) {
      if (signal.aborted) return { kind: "canceled" };
      this.#scope.observer.failed?.(stepKey, error);
      const result = failure(error, stepKey, emitOpen);
      if (scope && retryAfter(scope.step.retryPolicy, stepAttempt, result, Math.random) === null)
        await unlessCanceled(runHooks(scope, { error }), signal);
      this.#tellEnd(stepKey, result);
      return result;
    } finally {
      open = false;
    }
  }

  /** The run's own process writes how a step ended into the event log; loggers are told where the step ran. */
  #tellEnd(stepKey: string, { kind, ...result }: StepResult): void {
    const at = { ts: Date.now(), stepKey };
    if (kind === "success" && "durationMs" in result)
      this.#loggers.tell({
        ...at,
        type: "STEP_SUCCESS",
        level: "DEBUG",
        message: `Step ${stepKey} succeeded.`,
        durationMs: result.durationMs,
      });
    else if ("error" in result)
      this.#loggers.tell({
        ...at,
        type: "STEP_FAILURE",
        level: "ERROR",
        message: `Step ${stepKey} failed: ${result.error.message}`,
        error: result.error,
      });
  }

  async #run(scope: StepScope, emit: EmitEvent) {
    const { node, step, request, signal } = scope;
    const needed = Object.keys(node.resources);
    const { resources } = this.#scope;
    await race(
      resources.open(
        [...new Set([...needed, ...inputManagers(scope), ...step.outputs.map((output) => output.ioManager)])],
        request.stepKey,
        emit,
      ),
      signal,
    );
    const inputs = await race(loadInputs(scope), signal);
    const { runId, job, tags, runConfig, parentRunId, rootRunId } = request.run;
    const user = new UserContext({
      step,
      stepKey: request.stepKey,
      stepAttempt: request.stepAttempt,
      run: { runId, job, tags, runConfig, parentRunId, rootRunId },
      inputs,
      config: this.#opConfig(step, node),
      resources: resources.values(needed),
      partitions: scope.partitions,
      assets: this.#assets(step),
      declaredChecks: this.#declaredChecks(step),
      services: this.#services,
      signal,
      emit,
      now: scope.now,
    });
    const returned: unknown = (node.compute as (context: UserContext) => unknown)(user);
    const value = isThenable(returned) ? await race(returned, signal) : returned;
    if (signal.aborted) throw CANCELED;
    return race(storeOutputs(scope, user, value), signal);
  }

  async #stepScope(request: StepRequest, emit: EmitEvent, signal: AbortSignal): Promise<StepScope> {
    const { stepKey, run } = request;
    const { steps, repository } = this.#scope;
    const mapped = /^(.*)\[([^\]]*)\]$/s.exec(stepKey);
    const step = steps.get(stepKey) ?? steps.get(mapped?.[1] ?? "");
    if (step === undefined) throw new Error(`step ${stepKey} is not in the plan of this run`);
    const node = repository.nodes.get(step.op.name);
    if (node?.type !== "op")
      throw new Error(
        `op ${step.op.name} is not in the definitions of this process: they have changed since the run was planned`,
      );
    const clock = await this.#clock(step);
    const partitions = stepPartitions(`step ${stepKey}`, this.#partitionsOf(step), run.partition, clock);
    const log = stepLog({ stepKey, emit, now: Date.now });
    return {
      run: this.#scope,
      step,
      node,
      request,
      mappingKey: steps.has(stepKey) ? undefined : mapped?.[2],
      partitions,
      runInputs: (opEntry(this.#nodes, this.#ops, step.key.split(".")).inputs ?? {}) as Record<
        string,
        unknown
      >,
      clock,
      emit,
      now: Date.now,
      log,
      signal,
    };
  }

  #assets({ outputs, checks }: Step): StepAsset[] {
    const { assets } = this.#scope.repository;
    const about = outputs.flatMap(({ asset, name }) => (asset ? [{ key: asset, output: name }] : []));
    const all = about.length > 0 ? about : checks.map(({ asset }) => ({ key: asset, output: undefined }));
    return all.map((one) => ({ ...one, codeVersion: assets.get(keyText(one.key))?.codeVersion }));
  }

  #declaredChecks(step: Step): DeclaredCheck[] {
    const { assets } = this.#scope.repository;
    const own = step.checks.map(({ asset, name }) => ({ asset: keyText(asset), output: undefined, name }));
    const made = step.outputs.map(({ asset }) => asset && assets.get(keyText(asset)));
    // Also of assets that this run does not ask for: their checks are reported and not recorded.
    const all = made.find((asset) => asset !== undefined)?.siblings() ?? [];
    const declared = all.flatMap((asset) =>
      Object.keys(asset.checks).map((name) => ({ asset: keyText(asset.key), output: asset.output, name })),
    );
    const known = new Set(declared.map(({ asset, name }) => outcomeKey(asset, name)));
    return [...declared, ...own.filter(({ asset, name }) => !known.has(outcomeKey(asset, name)))];
  }

  #partitionsOf(step: Step): PartitionsDef | null {
    const { assets } = this.#scope.repository;
    for (const { partitions } of step.outputs) if (partitions !== undefined) return partitions;
    for (const { asset } of step.checks) {
      const partitions = assets.get(keyText(asset))?.partitions;
      if (partitions !== undefined) return partitions;
    }
    return this.#jobPartitions;
  }

  /** Keys of the dynamic partitions that this step or its inputs may speak of are asked for before, so that the rest is pure. */
  async #clock(step: Step): Promise<PartitionClock> {
    const { assets } = this.#scope.repository;
    const names = new Set(dynamicNames(this.#partitionsOf(step)));
    for (const source of sourcesOf(step)) {
      if (source.kind !== "asset") continue;
      for (const name of dynamicNames(assets.get(keyText(source.key))?.partitions)) names.add(name);
    }
    for (const { asset } of step.outputs) {
      for (const dep of (asset && assets.get(keyText(asset))?.deps) ?? []) {
        for (const name of dynamicNames(assets.get(keyText(dep.key))?.partitions)) names.add(name);
      }
    }
    const known = new Map<string, string[]>();
    for (const name of names) known.set(name, await this.#services.dynamicPartitions(name));
    return { now: Date.now(), dynamic: (name) => known.get(name) ?? [] };
  }

  #opConfig(step: Step, node: OpNode): unknown {
    if (node.config === undefined) return undefined;
    const key = step.key.replace(/\[[^\]]*\]$/s, "");
    const path = key.split(".");
    const part = opEntry(this.#nodes, this.#ops, path).config;
    const given = configOr(node.config, part);
    const issues = configIssues(node.config, given, "");
    if (issues.length === 0) return node.config.parse(given);
    const list = issues.map(({ path: at, message }) => `${at === "" ? "config" : at}: ${message}`).join("; ");
    throw new Error(
      `config of step ${step.key} is wrong — ${list}. Give it in run config under ops.${path.join(".ops.")}.config`,
    );
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    try {
      await this.#scope.resources.close();
    } finally {
      await this.#loggers.close();
    }
  }
}

const isThenable = (value: unknown): value is Promise<unknown> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === "function";

/** The promise's outcome, or a rejection as soon as the signal aborts, whether user code heeds it or not. */
function race<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = () => reject(CANCELED);
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel, { once: true });
    const done = () => signal.removeEventListener("abort", cancel);
    promise.then(
      (value) => {
        done();
        resolve(value);
      },
      (error: unknown) => {
        done();
        reject(error);
      },
    );
  });
}

/** A step that has ended stays ended when its hooks are cut off. */
const unlessCanceled = (hooks: Promise<void>, signal: AbortSignal): Promise<void> =>
  race(hooks, signal).catch(() => undefined);

function failure(error: unknown, stepKey: string, emit: EmitEvent): StepResult {
  const info = errorInfo(error);
  if (isRetryRequested(error)) {
    return { kind: "retry", error: info, seconds: Math.max(0, error.delay), maxRetries: error.maxRetries };
  }
  if (!isFailure(error)) return { kind: "failure", error: info, retryable: true };
  if (Object.keys(error.metadata).length > 0) {
    emit({
      type: "ENGINE_EVENT",
      ts: Date.now(),
      level: "ERROR",
      message: info.message,
      stepKey,
      metadata: toMetadata(error.metadata),
    });
  }
  return { kind: "failure", error: info, retryable: error.allowRetries };
}
