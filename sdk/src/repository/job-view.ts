/** Jobs with what their target came to: which assets, which partitions, which run config. */
import type { AssetDefinition } from "../asset/asset.ts";
import { keyText } from "../asset/asset-key.ts";
import {
  ASSET_JOB,
  type AssetDef,
  type AssetKey,
  type JobDef,
  type PartitionsDef,
} from "../model/definitions.ts";
import type { HookDefinition } from "../op/hook.ts";
import type { JobDefinition } from "../op/job.ts";
import type { AnyNode } from "../op/node.ts";
import { resolveSelection } from "../selection/index.ts";
import { ioManagerName, type Repository } from "./collect.ts";
import { hookNames } from "./hook-names.ts";
import { type ConfigTarget, innerNodes, runConfigSchema } from "./run-config.ts";

/** The partitions that all partitioned ones of these assets share; null when none has any or they differ. */
function sharedPartitions(assets: AssetDefinition[]): PartitionsDef | null {
  let shared: PartitionsDef | null = null;
  for (const { partitions } of assets) {
    if (partitions === undefined) continue;
    if (shared === null) shared = partitions;
    else if (shared !== partitions && JSON.stringify(shared) !== JSON.stringify(partitions)) return null;
  }
  return shared;
}

export interface JobView {
  def: JobDef;
  config: ConfigTarget;
}

/** Names of the resources that these nodes open, and what they read: IO managers and nested ones among them. */
function neededResources(
  { assets, resources }: Repository,
  nodes: Iterable<AnyNode>,
  made: readonly AssetDefinition[],
  jobHooks: readonly HookDefinition[],
): Set<string> {
  const needed = new Set<string>();
  const add = (name: string): void => {
    if (needed.has(name)) return;
    needed.add(name);
    for (const nested in resources.get(name)?.nested) add(nested);
  };
  const addHooks = (hooks: readonly HookDefinition[]) => {
    for (const hook of hooks) for (const name in hook.resources) add(name);
  };
  const addNode = (node: AnyNode): void => {
    if (node.type === "op") {
      addHooks(node.hooks);
      for (const name in node.resources) add(name);
      for (const { ioManager } of node.outputs) add(ioManagerName(ioManager));
      return;
    }
    for (const { def, hooks } of node.nodes) {
      addNode(def);
      addHooks(hooks);
    }
    for (const asset of node.assets) add(ioManagerName(asset.ioManager));
  };
  for (const node of nodes) addNode(node);
  addHooks(jobHooks);
  for (const asset of made) {
    add(ioManagerName(asset.ioManager));
    for (const { key, input } of asset.deps)
      if (input !== null) add(ioManagerName(assets.get(keyText(key))?.ioManager));
  }
  return needed;
}

function configTarget(
  repository: Repository,
  assets: AssetDefinition[],
  { hooks, loggers, mapping }: Pick<JobDefinition, "hooks" | "loggers" | "mapping">,
  partial: boolean,
): ConfigTarget {
  const nodes = new Map<string, AnyNode>();
  for (const { node } of assets) if (node !== undefined) nodes.set(node.name, node);
  const keys = new Set(assets.map((asset) => keyText(asset.key)));
  for (const check of repository.checks.values())
    if (keys.has(keyText(check.asset.key))) nodes.set(check.node.name, check.node);
  const needed = neededResources(repository, nodes.values(), assets, hooks);
  const known = loggersOf(repository, loggers);
  return { nodes, resources: repository.resources, needed, loggers: known, mapping, partial };
}

/** The job's own stand in the place of others of their name. */
const loggersOf = (repository: Repository, own: JobDefinition["loggers"]) =>
  new Map([...repository.loggers, ...Object.entries(own)]);

export function jobView(repository: Repository, job: JobDefinition, assetDefs: AssetDef[]): JobView {
  const { name, description, tags, runConfig, retryPolicy, hooks } = job;
  const shared = {
    name,
    ...(description === undefined ? {} : { description }),
    tags,
    runConfig,
    ...(retryPolicy === undefined ? {} : { retryPolicy }),
    ...hookNames(hooks),
    implicit: false,
  };
  if ("graph" in job.target) {
    const { graph } = job.target;
    const nodes = new Map(innerNodes(graph));
    const needed = neededResources(repository, [graph], [], hooks);
    const { mapping } = job;
    const loggers = loggersOf(repository, job.loggers);
    const config = { nodes, resources: repository.resources, needed, loggers, mapping, partial: false };
    const target = { kind: "graph" as const, graph: graph.name };
    return {
      def: {
        ...shared,
        target,
        partitions: job.partitions ?? null,
        runConfigSchema: runConfigSchema(config),
      },
      config,
    };
  }
  const { selection } = job.target;
  const keys: AssetKey[] =
    typeof selection === "string"
      ? resolveSelection(assetDefs, selection)
      : selection.map((asset) => asset.key);
  const assets = keys
    .flatMap((key) => repository.assets.get(keyText(key)) ?? [])
    .filter((asset) => asset.node !== undefined);
  const config = configTarget(repository, assets, job, false);
  const target = {
    kind: "assets" as const,
    ...(typeof selection === "string" ? { selection } : {}),
    assets: assets.map((asset) => asset.key),
  };
  const partitions = job.partitions ?? sharedPartitions(assets);
  return { def: { ...shared, target, partitions, runConfigSchema: runConfigSchema(config) }, config };
}

export function implicitJob(repository: Repository, executor: Record<string, unknown>): JobView {
  const assets = [...repository.assets.values()].filter((asset) => asset.node !== undefined);
  const config = configTarget(repository, assets, { hooks: [], loggers: {}, mapping: undefined }, true);
  const target = { kind: "assets" as const, assets: assets.map((asset) => asset.key) };
  const def = {
    name: ASSET_JOB,
    tags: {},
    target,
    partitions: sharedPartitions(assets),
    runConfig: executor,
    runConfigSchema: runConfigSchema(config),
    implicit: true,
  };
  return { def, config };
}
