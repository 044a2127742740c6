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
import type { JobDefinition } from "../op/job.ts";
import type { AnyNode } from "../op/node.ts";
import { resolveSelection } from "../selection/index.ts";
import type { Repository } from "./collect.ts";
import { type ConfigTarget, runConfigSchema } from "./run-config.ts";

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

function configTarget(repository: Repository, assets: AssetDefinition[], partial: boolean): ConfigTarget {
  const nodes = new Map<string, AnyNode>();
  for (const { node } of assets) if (node !== undefined) nodes.set(node.name, node);
  const keys = new Set(assets.map((asset) => keyText(asset.key)));
  for (const check of repository.checks.values())
    if (keys.has(keyText(check.asset.key))) nodes.set(check.node.name, check.node);
  return { nodes, resources: repository.resources, partial };
}

export function jobView(repository: Repository, job: JobDefinition, assetDefs: AssetDef[]): JobView {
  const { name, description, tags, runConfig, retryPolicy } = job;
  const shared = {
    name,
    ...(description === undefined ? {} : { description }),
    tags,
    runConfig,
    ...(retryPolicy === undefined ? {} : { retryPolicy }),
    implicit: false,
  };
  if ("graph" in job.target) {
    const { graph } = job.target;
    const nodes = new Map(graph.nodes.map(({ name: node, def }) => [node, def]));
    const config = { nodes, resources: repository.resources, partial: false };
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
  const config = configTarget(repository, assets, false);
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
  const config = configTarget(repository, assets, true);
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
