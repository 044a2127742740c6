/** Gathers everything that a Definitions object names or leads to, and notes what clashes. */

import type { AssetDefinition } from "../asset/asset.ts";
import type { AssetCheckDefinition } from "../asset/asset-check.ts";
import { keyText } from "../asset/asset-key.ts";
import type { ScheduleDefinition } from "../automation/schedule.ts";
import type { SensorDefinition } from "../automation/sensor.ts";
import { consoleLogger, type LoggerDefinition } from "../logger/logger.ts";
import type { HookDefinition } from "../op/hook.ts";
import type { JobDefinition } from "../op/job.ts";
import type { AnyNode, IoManagerRef } from "../op/node.ts";
import { fsIoManager } from "../resource/fs-io-manager.ts";
import { makeResource, type ResourceDefinition, type ResourceMap } from "../resource/resource.ts";
import { at, kindOf } from "../source.ts";

/** Name of the IO manager of whatever names none. */
export const DEFAULT_IO_MANAGER = "ioManager";

/** What keeps values where Definitions names nothing; unit tests keep them in memory instead. */
const defaultIoManager = fsIoManager();

/** The resources that somebody gave or asked for. */
export const givenResources = ({ resources }: Repository): Record<string, ResourceDefinition> =>
  Object.fromEntries([...resources].filter(([, definition]) => definition !== defaultIoManager));

export interface Repository {
  /** By `raw/orders`. */
  assets: Map<string, AssetDefinition>;
  checks: Map<string, AssetCheckDefinition>;
  nodes: Map<string, AnyNode>;
  jobs: Map<string, JobDefinition>;
  schedules: Map<string, ScheduleDefinition>;
  sensors: Map<string, SensorDefinition>;
  resources: Map<string, ResourceDefinition>;
  hooks: Map<string, HookDefinition>;
  /** `console` among them. */
  loggers: Map<string, LoggerDefinition>;
}

export interface Collected {
  repository: Repository;
  problems: string[];
}

/** What the constructor of Definitions takes, with no types left. */
export interface Given {
  assets: unknown;
  checks: unknown;
  jobs: unknown;
  schedules: unknown;
  sensors: unknown;
  resources: Readonly<Record<string, unknown>>;
  loggers: Readonly<Record<string, LoggerDefinition>>;
}

export const ioManagerName = (ref: IoManagerRef | undefined): string =>
  ref === undefined
    ? DEFAULT_IO_MANAGER
    : typeof ref === "string"
      ? ref
      : (Object.keys(ref)[0] ?? DEFAULT_IO_MANAGER);

/** A resource definition, or any other value as a resource that is there already. */
export function asResource(value: unknown): ResourceDefinition {
  if (kindOf(value) === "resource") return value as ResourceDefinition;
  const isIoManager =
    typeof value === "object" && value !== null && "handleOutput" in value && "loadInput" in value;
  return makeResource({
    isIoManager,
    description: undefined,
    type: "value",
    schema: undefined,
    values: undefined,
    nested: {},
    create: () => value,
    close: () => undefined, // whoever made the value closes it
    source: undefined,
  });
}

export function collect(given: Given): Collected {
  const repository: Repository = {
    assets: new Map(),
    checks: new Map(),
    nodes: new Map(),
    jobs: new Map(),
    schedules: new Map(),
    sensors: new Map(),
    resources: new Map(Object.entries(given.resources).map(([name, value]) => [name, asResource(value)])),
    hooks: new Map(),
    loggers: new Map([["console", consoleLogger], ...Object.entries(given.loggers)]),
  };
  const problems: string[] = [];
  for (const [name, definition] of Object.entries(given.loggers))
    if (kindOf(definition) !== "logger")
      problems.push(`logger ${name} of Definitions is no logger: give what logger(…) returned`);
  const provided = new Set(Object.keys(given.resources));
  const wanted = new Map<string, { definition: ResourceDefinition; by: string }>();

  function add<T extends { source: string | undefined }>(
    kind: string,
    map: Map<string, T>,
    name: string,
    value: T,
  ): boolean {
    const other = map.get(name);
    if (other === undefined) {
      map.set(name, value);
      return true;
    }
    if (other !== value) {
      problems.push(
        `${kind} ${name} is defined twice: once${at(other.source)} and once${at(value.source)} — rename one of them`,
      );
    }
    return false;
  }

  function want(resources: ResourceMap, by: string): void {
    for (const name in resources) {
      const definition = resources[name];
      if (kindOf(definition) !== "resource" || definition === undefined) {
        problems.push(
          `${by} asks for resource ${name}, which is no resource: give what resource(…) returned`,
        );
        continue;
      }
      const other = wanted.get(name);
      if (other === undefined) {
        wanted.set(name, { definition, by });
        want(definition.nested, `resource ${name}`);
      } else if (other.definition !== definition && !provided.has(name)) {
        if (other.definition.create === undefined) wanted.set(name, { definition, by });
        else if (definition.create !== undefined) {
          problems.push(
            `resource ${name} is one thing${at(other.definition.source)} for ${other.by} and another${at(definition.source)} for ${by} — ` +
              `give them two names, or say in Definitions which it is: resources: { ${name} }`,
          );
        }
      }
    }
  }

  function addHooks(hooks: readonly HookDefinition[]): void {
    for (const hook of hooks) {
      if (kindOf(hook) !== "hook")
        problems.push("`hooks` holds what is no hook: give what successHook(…) or failureHook(…) returned");
      else if (add("hook", repository.hooks, hook.name, hook))
        want(hook.resources, `hook ${hook.name}${at(hook.source)}`);
    }
  }

  function addNode(node: AnyNode): void {
    if (!add("op or graph", repository.nodes, node.name, node)) return;
    if (node.type === "graph") {
      for (const inner of node.nodes) {
        addNode(inner.def);
        addHooks(inner.hooks);
      }
      return;
    }
    addHooks(node.hooks);
    want(node.resources, `op ${node.name}${at(node.source)}`);
    for (const { ioManager } of [...node.inputs, ...node.outputs]) {
      if (typeof ioManager === "object") want(ioManager, `op ${node.name}${at(node.source)}`);
    }
  }

  function addAsset(asset: AssetDefinition): void {
    if (!add("asset", repository.assets, keyText(asset.key), asset)) return;
    if (asset.node !== undefined) addNode(asset.node);
    if (typeof asset.ioManager === "object")
      want(asset.ioManager, `asset ${keyText(asset.key)}${at(asset.source)}`);
    for (const sibling of asset.siblings()) addAsset(sibling);
  }

  function addCheck(check: AssetCheckDefinition): void {
    const name = `${check.name} of asset ${keyText(check.asset.key)}`;
    if (add("check", repository.checks, name, check)) addNode(check.node);
  }

  function addJob(job: JobDefinition): void {
    if (!add("job", repository.jobs, job.name, job)) return;
    if ("graph" in job.target) addNode(job.target.graph);
    addHooks(job.hooks);
  }

  function addSchedule(schedule: ScheduleDefinition): void {
    if (!add("schedule", repository.schedules, schedule.name, schedule)) return;
    want(schedule.resources, `schedule ${schedule.name}${at(schedule.source)}`);
    if (typeof schedule.job !== "string") addJob(schedule.job);
  }

  function addSensor(sensor: SensorDefinition): void {
    if (!add("sensor", repository.sensors, sensor.name, sensor)) return;
    want(sensor.resources, `sensor ${sensor.name}${at(sensor.source)}`);
    for (const job of sensor.jobs) if (typeof job !== "string") addJob(job);
  }

  /** Arrays, modules (`import * as raw`) and what multiAsset gives are opened; in them, anything else is passed over. */
  function each(
    field: string,
    item: unknown,
    kinds: string[],
    take: (value: never) => void,
    nested: boolean,
  ): void {
    const kind = kindOf(item);
    if (kind !== undefined && kinds.includes(kind)) take(item as never);
    else if (Array.isArray(item)) for (const inner of item) each(field, inner, kinds, take, nested);
    else if (typeof item === "object" && item !== null && kind === undefined) {
      for (const inner of Object.values(item)) {
        const innerKind = kindOf(inner);
        if (innerKind !== undefined && kinds.includes(innerKind)) take(inner as never);
        else if (typeof inner === "object" && inner !== null && innerKind === undefined && !nested) {
          each(field, inner, kinds, take, true);
        }
      }
    } else if (!nested) {
      const what = kind ?? (item === undefined ? "undefined (an import cycle?)" : typeof item);
      problems.push(
        `\`${field}\` of Definitions holds ${what}: give what ${kinds[0]}(…) returned, arrays or modules of these`,
      );
    }
  }

  each("assets", given.assets, ["asset"], addAsset, false);
  each("checks", given.checks, ["assetCheck"], addCheck, false);
  each("jobs", given.jobs, ["job"], addJob, false);
  each("schedules", given.schedules, ["schedule"], addSchedule, false);
  each("sensors", given.sensors, ["sensor"], addSensor, false);
  for (const [name, definition] of repository.resources) want(definition.nested, `resource ${name}`);

  for (const [name, { definition, by }] of wanted) {
    if (provided.has(name)) continue;
    if (definition.create === undefined) {
      problems.push(
        `${by} needs resource ${name}${at(definition.source)}, which nothing provides — add it to Definitions: resources: { ${name}: … }`,
      );
    }
    repository.resources.set(name, definition);
  }
  if (!repository.resources.has(DEFAULT_IO_MANAGER))
    repository.resources.set(DEFAULT_IO_MANAGER, defaultIoManager);
  return { repository, problems };
}
