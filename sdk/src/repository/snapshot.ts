/** Definitions as the plain JSON that leaves the process. */
import { readFileSync } from "node:fs";
import type { AssetDefinition, AssetDep } from "../asset/asset.ts";
import { keyText } from "../asset/asset-key.ts";
import type { ScheduleDefinition } from "../automation/schedule.ts";
import { type MetadataInput, toMetadata } from "../metadata/metadata-value.ts";
import {
  ASSET_JOB,
  type AssetCheckDef,
  type AssetDef,
  type AssetKey,
  type DefinitionsSnapshot,
  type JobDef,
  type NodeDef,
  type PartitionsDef,
  type ResourceDef,
} from "../model/definitions.ts";
import type { JobDefinition } from "../op/job.ts";
import type { AnyNode, OpNode } from "../op/node.ts";
import { resolveSelection } from "../selection/index.ts";
import { contentHash } from "./canonical-json.ts";
import { ioManagerName, type Repository } from "./collect.ts";
import { jsonSchema } from "./json-schema.ts";
import { resourceConfigSchema, shownConfig } from "./resource-config.ts";
import { type ConfigTarget, runConfigSchema } from "./run-config.ts";

let version: string | undefined;
const libraryVersion = () => {
  version ??= (
    JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
  ).version;
  return version;
};

const opResources = (node: OpNode) => Object.keys(node.resources);

function nodeDef(node: AnyNode, checkOutputs: ReadonlyMap<AnyNode, string[]>): NodeDef {
  const inputs = node.inputs.map(({ name, description, nothing }) => ({
    name,
    ...(description === undefined ? {} : { description }),
    ...(nothing ? { nothing } : {}),
  }));
  const shared = {
    name: node.name,
    ...(node.description === undefined ? {} : { description: node.description }),
    inputs,
  };
  if (node.type === "graph") {
    const nodes = node.nodes.map(({ name, def, inputs: sources, mapOver, tags }) => ({
      name,
      def: def.name,
      inputs: sources,
      ...(mapOver === undefined ? {} : { mapOver }),
      ...(tags === undefined ? {} : { tags }),
    }));
    return { kind: "graph", ...shared, outputs: node.outputs, nodes, configSchema: null };
  }
  const outputs = node.outputs.map(({ name, description, dynamic, required, ioManager }) => ({
    name,
    ...(description === undefined ? {} : { description }),
    ...(dynamic ? { dynamic } : {}),
    required,
    ioManager: ioManagerName(ioManager),
  }));
  for (const name of checkOutputs.get(node) ?? [])
    outputs.push({ name, required: true, ioManager: ioManagerName(undefined) });
  return {
    kind: "op",
    ...shared,
    outputs,
    configSchema: node.config === undefined ? null : jsonSchema(node.config),
    resources: opResources(node),
    ...(node.retryPolicy === undefined ? {} : { retryPolicy: node.retryPolicy }),
    tags: node.tags,
    ...(node.pool === undefined ? {} : { pool: node.pool }),
  };
}

const depDef = ({ key, input, mapping }: AssetDep) => ({
  key,
  input,
  ...(mapping === undefined ? {} : { mapping }),
});

/** Metadata as bare values where they are plain, so that the snapshot has no wrappers that nobody reads. */
const definitionMetadata = (metadata: MetadataInput): Record<string, unknown> =>
  Object.keys(metadata).length === 0 ? {} : toMetadata(metadata);

function assetDef(asset: AssetDefinition): AssetDef {
  const {
    key,
    kind,
    description,
    group,
    owners,
    tags,
    kinds,
    codeVersion,
    partitions,
    node,
    backfillPolicy,
    source,
  } = asset;
  return {
    key,
    kind,
    ...(description === undefined ? {} : { description }),
    group,
    owners,
    tags,
    kinds,
    ...(codeVersion === undefined ? {} : { codeVersion }),
    metadata: definitionMetadata(asset.metadata),
    deps: asset.deps.map(depDef),
    partitions: partitions ?? null,
    ...(backfillPolicy === undefined ? {} : { backfillPolicy }),
    node: node?.name ?? null,
    output: asset.output ?? null,
    ioManager: ioManagerName(asset.ioManager),
    canSubset: asset.canSubset,
    ...(source === undefined ? {} : { source }),
  };
}

/** Name of the output that stands for a check which the asset's own function reports. */
export const ownCheckOutput = (asset: AssetDefinition, check: string) =>
  `check__${asset.siblings().length > 1 ? `${asset.output}__` : ""}${check}`;

function checkDefs(repository: Repository): AssetCheckDef[] {
  const separate = [...repository.checks.values()].map(
    ({ asset, name, description, blocking, node, deps }) => ({
      asset: asset.key,
      name,
      ...(description === undefined ? {} : { description }),
      blocking,
      node: node.name,
      output: "result",
      deps: deps.map(depDef),
    }),
  );
  const own = [...repository.assets.values()].flatMap((asset) =>
    Object.entries(asset.checks).map(([name, { description, blocking = false }]) => ({
      asset: asset.key,
      name,
      ...(description === undefined ? {} : { description }),
      blocking,
      node: asset.node?.name ?? "",
      output: ownCheckOutput(asset, name),
    })),
  );
  return [...separate, ...own];
}

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

export interface JobPlanView {
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

function jobView(repository: Repository, job: JobDefinition, assetDefs: AssetDef[]): JobPlanView {
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

function implicitJob(repository: Repository, executor: Record<string, unknown>): JobPlanView {
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

const isTimed = (partitions: PartitionsDef | null | undefined) => partitions?.kind === "time_window";

function scheduleDef(
  schedule: ScheduleDefinition,
  jobs: ReadonlyMap<string, JobPlanView>,
): DefinitionsSnapshot["schedules"][number] {
  const { name, description, job, cron, timezone, defaultStatus, tags, runConfig, evaluate } = schedule;
  const jobName = typeof job === "string" ? job : job.name;
  const partitions = jobs.get(jobName)?.def.partitions;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    job: jobName,
    cron,
    timezone: timezone ?? (partitions?.kind === "time_window" ? partitions.timezone : "UTC"),
    defaultStatus,
    tags,
    evaluates: evaluate !== undefined || isTimed(partitions),
    runConfig,
  };
}

function resourceDefs(repository: Repository): ResourceDef[] {
  const users = new Map<
    string,
    { assets: Map<string, AssetKey>; ops: Set<string>; schedules: Set<string>; sensors: Set<string> }
  >();
  const of = (name: string) => {
    let found = users.get(name);
    if (found === undefined) {
      found = { assets: new Map(), ops: new Set(), schedules: new Set(), sensors: new Set() };
      users.set(name, found);
    }
    return found;
  };
  const ofAssets = new Set<AnyNode>();
  const opsOf = (node: AnyNode): OpNode[] =>
    node.type === "op" ? [node] : node.nodes.flatMap(({ def }) => opsOf(def));
  for (const asset of repository.assets.values()) {
    const name = keyText(asset.key);
    of(ioManagerName(asset.ioManager)).assets.set(name, asset.key);
    if (asset.node === undefined) continue;
    for (const node of opsOf(asset.node)) {
      if (asset.node.type === "op") ofAssets.add(node);
      for (const resource in node.resources) of(resource).assets.set(name, asset.key);
    }
  }
  for (const node of repository.nodes.values()) {
    if (node.type === "graph" || ofAssets.has(node)) continue;
    for (const resource in node.resources) of(resource).ops.add(node.name);
    for (const output of node.outputs) of(ioManagerName(output.ioManager)).ops.add(node.name);
  }
  for (const { name, resources } of repository.schedules.values())
    for (const resource in resources) of(resource).schedules.add(name);
  for (const { name, resources } of repository.sensors.values())
    for (const resource in resources) of(resource).sensors.add(name);

  return [...repository.resources].map(([name, definition]) => {
    const used = of(name);
    return {
      name,
      ...(definition.description === undefined ? {} : { description: definition.description }),
      kind: definition.type,
      isIoManager: definition.isIoManager,
      configSchema: resourceConfigSchema(definition),
      config: shownConfig(definition),
      nested: Object.keys(definition.nested),
      usedBy: {
        assets: [...used.assets.values()],
        ops: [...used.ops],
        schedules: [...used.schedules],
        sensors: [...used.sensors],
      },
    };
  });
}

/** @throws what the selection of a job throws when it cannot be resolved; `problems` collects these instead when given */
export function takeSnapshot(
  repository: Repository,
  executor: Record<string, unknown>,
  problems: string[],
): { snapshot: DefinitionsSnapshot; jobs: Map<string, JobPlanView> } {
  const assets = [...repository.assets.values()].map(assetDef);
  const jobs = new Map<string, JobPlanView>();
  for (const job of repository.jobs.values()) {
    try {
      jobs.set(job.name, jobView(repository, job, assets));
    } catch (error) {
      problems.push(
        `job ${job.name}${job.source === undefined ? "" : ` (${job.source})`}: ${(error as Error).message}`,
      );
    }
  }
  jobs.set(ASSET_JOB, implicitJob(repository, executor));
  const checks = checkDefs(repository);
  const checkOutputs = new Map<AnyNode, string[]>();
  for (const asset of repository.assets.values()) {
    if (asset.node === undefined) continue;
    const names = Object.keys(asset.checks).map((name) => ownCheckOutput(asset, name));
    if (names.length > 0) checkOutputs.set(asset.node, [...(checkOutputs.get(asset.node) ?? []), ...names]);
  }
  const content = {
    version: 1 as const,
    language: "typescript" as const,
    library: libraryVersion(),
    nodes: [...repository.nodes.values()].map((node) => nodeDef(node, checkOutputs)),
    assets,
    checks,
    jobs: [...jobs.values()].map(({ def }) => def),
    schedules: [...repository.schedules.values()].map((schedule) => scheduleDef(schedule, jobs)),
    sensors: [...repository.sensors.values()].map(
      ({ name, description, jobs: targets, assets: selected, minimumInterval, defaultStatus, tags }) => ({
        name,
        ...(description === undefined ? {} : { description }),
        kind: "standard" as const,
        jobs: targets.map((job) => (typeof job === "string" ? job : job.name)),
        assets: selected.map((asset) => asset.key),
        minimumInterval,
        defaultStatus,
        tags,
      }),
    ),
    resources: resourceDefs(repository),
  };
  let hash: string | undefined;
  const snapshot: DefinitionsSnapshot = {
    ...content,
    // Only who serves or compares definitions asks for it; each run's process would pay for nothing.
    get hash() {
      hash ??= contentHash(content);
      return hash;
    },
  };
  return { snapshot, jobs };
}
