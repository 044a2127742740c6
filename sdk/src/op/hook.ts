/** Hooks: what is to be done when a step has succeeded, or has failed for good. */
import type { RunInfo } from "../execution/context.ts";
import type { Log } from "../execution/log.ts";
import type { ErrorInfo } from "../model/event.ts";
import type { NoKeys, ResourceMap, ResourceValues } from "../resource/resource.ts";
import { definitionSite, KIND } from "../source.ts";

/** What a hook is given. */
export interface HookContext<R = unknown> {
  readonly hookName: string;
  readonly run: RunInfo;
  readonly stepKey: string;
  /** Name of the op. */
  readonly opName: string;
  /** 0 for the first try. */
  readonly retryNumber: number;
  /** Opened, by the names under `resources`. */
  readonly resources: R;
  /** Writes to the run's event log. */
  readonly log: Log;
  /** Aborted when the run is cancelled. */
  readonly signal: AbortSignal;
}

export interface HookDefinition {
  readonly [KIND]: "hook";
  readonly name: string;
  readonly on: "success" | "failure";
  readonly description: string | undefined;
  readonly resources: ResourceMap;
  readonly run: (context: never) => unknown;
  readonly source: string | undefined;
}

export interface HookOptions<R extends ResourceMap> {
  description?: string;
  /** Resources by reference: `{ chat }`. */
  resources?: R;
}

function hook(
  on: "success" | "failure",
  name: string,
  optionsOrRun: HookOptions<ResourceMap> | ((context: never) => unknown),
  given: ((context: never) => unknown) | undefined,
): HookDefinition {
  const options = typeof optionsOrRun === "function" ? {} : optionsOrRun;
  const run = typeof optionsOrRun === "function" ? optionsOrRun : given;
  if (run === undefined) throw new TypeError(`hook ${name} has no function`);
  const { description, resources = {} } = options;
  return { [KIND]: "hook", name, on, description, resources, run, source: definitionSite() };
}

/**
 * Defines a hook that runs after each step that has succeeded, in the step's own process. A hook that throws is told in the
 * run's events and changes nothing else. Give it to an op, an asset or a job under `hooks`.
 * @example
 * const tell = successHook("tell", { resources: { chat } }, ({ resources, stepKey }) => resources.chat.post(`${stepKey} is done`));
 */
export function successHook(name: string, run: (context: HookContext<NoKeys>) => unknown): HookDefinition;
export function successHook<R extends ResourceMap = NoKeys>(
  name: string,
  options: HookOptions<R>,
  run: (context: HookContext<ResourceValues<R>>) => unknown,
): HookDefinition;
export function successHook(
  name: string,
  optionsOrRun: HookOptions<ResourceMap> | ((context: never) => unknown),
  given?: (context: never) => unknown,
): HookDefinition {
  return hook("success", name, optionsOrRun, given);
}

/** What a failure hook is given. */
export interface FailureHookContext<R = unknown> extends HookContext<R> {
  /** What the step threw. */
  readonly error: unknown;
  /** The same as plain data, as the run's events have it. */
  readonly errorInfo: ErrorInfo;
}

/**
 * Defines a hook that runs after each step that has failed and is not tried again, in the step's own process: a process that
 * is killed runs none.
 * @example
 * const alarm = failureHook("alarm", ({ stepKey, errorInfo, log }) => log.error(`${stepKey}: ${errorInfo.message}`));
 */
export function failureHook(
  name: string,
  run: (context: FailureHookContext<NoKeys>) => unknown,
): HookDefinition;
export function failureHook<R extends ResourceMap = NoKeys>(
  name: string,
  options: HookOptions<R>,
  run: (context: FailureHookContext<ResourceValues<R>>) => unknown,
): HookDefinition;
export function failureHook(
  name: string,
  optionsOrRun: HookOptions<ResourceMap> | ((context: never) => unknown),
  given?: (context: never) => unknown,
): HookDefinition {
  return hook("failure", name, optionsOrRun, given);
}
