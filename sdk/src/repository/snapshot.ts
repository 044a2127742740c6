/** Definitions as the plain JSON that leaves the process. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { AssetDefinition, AssetDep } from "../asset/asset.ts";
import type { ScheduleDefinition } from "../automation/schedule.ts";
import { toMetadata } from "../metadata/metadata-value.ts";
import {
  ASSET_JOB,
  type AssetCheckDef,
  type AssetDef,
  type DefinitionsSnapshot,
  type NodeDef,
  type PartitionsDef,
} from "../model/definitions.ts";
import type { AnyNode } from "../op/node.ts";
import { type CustomMapping, isCustom } from "../partitions/index.ts";
import { ioManagerName, type Repository } from "./collect.ts";
import { hookNames } from "./hook-names.ts";
import { implicitJob, type JobView, jobView } from "./job-view.ts";
import { jsonSchema } from "./json-schema.ts";
import { resourceDefs } from "./resource-defs.ts";
import { sensorDefs } from "./sensor-defs.ts";

let version: string | undefined;
const libraryVersion = () => {
  version ??= (
    JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
  ).version;
  return version;
};

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
    const nodes = node.nodes.map(({ name, def, inputs: sources, mapOver, tags, hooks }) => ({
      name,
      def: def.name,
      inputs: sources,
      ...(mapOver === undefined ? {} : { mapOver }),
      ...(tags === undefined ? {} : { tags }),
      ...hookNames(hooks),
    }));
    return {
      kind: "graph",
      ...shared,
      outputs: node.outputs,
      nodes,
      configSchema: node.mapping ? jsonSchema(node.mapping.schema) : null,
    };
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
    resources: Object.keys(node.resources),
    ...(node.retryPolicy === undefined ? {} : { retryPolicy: node.retryPolicy }),
    tags: node.tags,
    ...(node.pool === undefined ? {} : { pool: node.pool }),
    ...hookNames(node.hooks),
  };
}

const depDef = ({ key, input, mapping }: AssetDep) => ({
  key,
  input,
  ...(mapping === undefined ? {} : { mapping: isCustom(mapping) ? customDef(mapping) : mapping }),
});

const customDef = ({ downstreamKeys }: CustomMapping) => ({
  kind: "custom" as const,
  code: createHash("sha256").update(String(downstreamKeys)).digest("hex").slice(0, 16),
});

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
    metadata: toMetadata(asset.metadata),
    deps: asset.deps.map(depDef),
    partitions: partitions ?? null,
    ...(backfillPolicy === undefined ? {} : { backfillPolicy }),
    node: node?.name ?? null,
    output: asset.output ?? null,
    ioManager: ioManagerName(asset.ioManager),
    canSubset: asset.canSubset,
    ...(asset.automation === undefined ? {} : { automation: asset.automation }),
    ...(asset.freshnessPolicy === undefined ? {} : { freshnessPolicy: asset.freshnessPolicy }),
    ...(source === undefined ? {} : { source }),
  };
}

/** Name of the output that stands for a check which the asset's own function reports. */
const ownCheckOutput = (asset: AssetDefinition, check: string) =>
  `check__${asset.siblings().length > 1 ? `${asset.output}__` : ""}${check}`;

function checkDefs(repository: Repository): AssetCheckDef[] {
  const separate = [...repository.checks.values()].map(
    ({ asset, name, description, blocking, node, output, deps, automation }) => ({
      asset: asset.key,
      name,
      ...(description === undefined ? {} : { description }),
      blocking,
      node: node.name,
      output,
      deps: deps.map(depDef),
      ...(automation === undefined ? {} : { automation }),
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

const isTimed = (partitions: PartitionsDef | null | undefined) => partitions?.kind === "time_window";

function scheduleDef(
  schedule: ScheduleDefinition,
  jobs: ReadonlyMap<string, JobView>,
): DefinitionsSnapshot["schedules"][number] {
  const { name, description, job, cron, timezone, defaultStatus, tags, runConfig, evaluate, catchUp } =
    schedule;
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
    ...(catchUp && { catchUp }),
  };
}

/** Jobs whose selection cannot be resolved are left out and told in `problems`. */
export function takeSnapshot(
  repository: Repository,
  executor: Record<string, unknown>,
  problems: string[],
): { snapshot: DefinitionsSnapshot; jobs: Map<string, JobView> } {
  const assets = [...repository.assets.values()].map(assetDef);
  const jobs = new Map<string, JobView>();
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
    sensors: sensorDefs(repository, assets, checks, problems),
    resources: resourceDefs(repository),
  };
  let hash: string | undefined;
  const snapshot: DefinitionsSnapshot = {
    ...content,
    // Only who serves or compares definitions asks for it; each run's process would pay for nothing. The same code writes its
    // keys in the same order, so the text need not be canonical.
    get hash() {
      hash ??= createHash("sha256").update(JSON.stringify(content)).digest("hex");
      return hash;
    },
  };
  return { snapshot, jobs };
}
