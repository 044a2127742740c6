/** What can be wrong with definitions that were gathered; every problem is found, each says what to do. */
import { keyText } from "../asset/asset-key.ts";
import { parseCron } from "../cron/parse.ts";
import { ASSET_JOB } from "../model/definitions.ts";
import { didYouMean } from "../model/nearest-name.ts";
import { asTable, mappingProblem, PartitionMappingError } from "../partitions/custom-mapping.ts";
import { at } from "../source.ts";
import { timeZone } from "../time/zone.ts";
import { ioManagerName, type Repository } from "./collect.ts";
import type { JobView } from "./job-view.ts";
import { runConfigIssues } from "./run-config.ts";

const NAME = /^[A-Za-z0-9_]+$/;

export function checkRepository(repository: Repository): string[] {
  return [
    ...badNames(repository),
    ...unknownUpstream(repository),
    ...cycles(repository),
    ...unconnected(repository),
    ...ioManagers(repository),
    ...unknownJobs(repository),
    ...badTimes(repository),
    ...badMappings(repository),
  ];
}

function* badNames({ assets, nodes, jobs, schedules, sensors, resources }: Repository): Generator<string> {
  const rule = "use letters, digits and _";
  for (const asset of assets.values()) {
    if (!asset.key.every((part) => NAME.test(part)))
      yield `asset ${keyText(asset.key)}${at(asset.source)} has a name that cannot be: ${rule}`;
  }
  for (const [kind, map] of Object.entries({
    "op or graph": nodes,
    job: jobs,
    schedule: schedules,
    sensor: sensors,
    resource: resources,
  })) {
    for (const [name, { source }] of map) {
      // A node that computes an asset is named after it, and the asset was reported.
      if (!NAME.test(name) && !(kind === "op or graph" && assets.has(name.replaceAll("__", "/")))) {
        yield `${kind} "${name}"${at(source)} has a name that cannot be: ${rule}`;
      }
    }
  }
}

function* unknownUpstream({ assets, checks, nodes }: Repository): Generator<string> {
  const explain = (key: string, reference: { source: string | undefined } | undefined) =>
    reference === undefined
      ? `there is no asset of this key${didYouMean(key, assets.keys())}; if another location makes it, add externalAsset("${key}")`
      : `it${at(reference.source)} is not in Definitions: add it to \`assets\``;
  for (const asset of assets.values()) {
    for (const dep of asset.deps) {
      const key = keyText(dep.key);
      if (!assets.has(key))
        yield `asset ${keyText(asset.key)}${at(asset.source)} depends on ${key}: ${explain(key, dep.asset)}`;
    }
  }
  for (const check of checks.values()) {
    for (const dep of check.deps) {
      const key = keyText(dep.key);
      if (!assets.has(key))
        yield `check ${check.name}${at(check.source)} is about or reads ${key}: ${explain(key, dep.asset)}`;
    }
  }
  for (const node of nodes.values()) {
    if (node.type !== "graph") continue;
    for (const asset of node.assets) {
      const key = keyText(asset.key);
      if (!assets.has(key))
        yield `graph or job ${node.name}${at(node.source)} reads asset ${key}: ${explain(key, asset)}`;
    }
  }
}

/** Depth first without recursion: a chain may be thousands of assets long. */
function* cycles({ assets }: Repository): Generator<string> {
  const done = new Set<string>();
  for (const start of assets.keys()) {
    if (done.has(start)) continue;
    const path: { key: string; next: number }[] = [{ key: start, next: 0 }];
    const onPath = new Set([start]);
    while (path.length > 0) {
      const top = path[path.length - 1];
      if (top === undefined) break;
      const dep = assets.get(top.key)?.deps[top.next++];
      if (dep === undefined) {
        done.add(top.key);
        onPath.delete(top.key);
        path.pop();
        continue;
      }
      const key = dep.key.length === 1 ? (dep.key[0] ?? "") : keyText(dep.key);
      if (onPath.has(key)) {
        const members = path.map((entry) => entry.key);
        const circle = [...members.slice(members.indexOf(key)), key];
        const places = circle.slice(0, -1).map((name) => `${name}${at(assets.get(name)?.source)}`);
        // Arrows point from an asset to what is made of it, as pages draw them.
        yield `assets depend on each other in a circle: ${circle.toReversed().join(" → ")} — take one dependency out of ${places.join(", ")}`;
      } else if (!done.has(key) && assets.has(key)) {
        onPath.add(key);
        path.push({ key, next: 0 });
      }
    }
  }
}

function* unconnected({ nodes }: Repository): Generator<string> {
  for (const graph of nodes.values()) {
    if (graph.type !== "graph") continue;
    for (const { name, def, inputs } of graph.nodes) {
      for (const input of def.inputs) {
        if (
          inputs[input.name] !== undefined ||
          input.nothing ||
          input.fromRun ||
          input.schema?.safeParse(undefined).success
        )
          continue;
        yield `input ${input.name} of ${name} in ${graph.name}${at(graph.source)} is connected to nothing: give it a handle or an asset in the call`;
      }
    }
  }
}

function* ioManagers({ assets, nodes, resources }: Repository): Generator<string> {
  const wrong = (name: string) => {
    const found = resources.get(name);
    if (found === undefined) {
      return `which is not among the resources${didYouMean(name, resources.keys())}; add it to Definitions: resources: { ${name}: … }`;
    }
    return found.isIoManager || found.create === undefined
      ? undefined
      : `which is a resource${at(found.source)} and no IO manager: make it with ioManager(…)`;
  };
  for (const asset of assets.values()) {
    const name = ioManagerName(asset.ioManager);
    const problem = wrong(name);
    if (problem)
      yield `asset ${keyText(asset.key)}${at(asset.source)} is stored by IO manager ${name}, ${problem}`;
  }
  const ofAssets = new Set([...assets.values()].map((asset) => asset.node));
  for (const node of nodes.values()) {
    if (node.type === "graph") continue;
    for (const input of node.inputs) {
      if (input.ioManager === undefined) continue;
      const name = ioManagerName(input.ioManager);
      const problem = wrong(name);
      if (problem)
        yield `input ${input.name} of ${node.name}${at(node.source)} is loaded by IO manager ${name}, ${problem}`;
    }
    if (ofAssets.has(node)) continue;
    for (const output of node.outputs) {
      const name = ioManagerName(output.ioManager);
      const problem = wrong(name);
      if (problem)
        yield `output ${output.name} of op ${node.name}${at(node.source)} is stored by IO manager ${name}, ${problem}`;
    }
  }
}

function* unknownJobs({ jobs, schedules, sensors }: Repository): Generator<string> {
  const missing = (name: string) =>
    `there is no job of this name${didYouMean(name, jobs.keys())}: add it to \`jobs\`, or give the job itself`;
  for (const { name, job, source } of schedules.values()) {
    if (typeof job === "string" && !jobs.has(job))
      yield `schedule ${name}${at(source)} starts job ${job}: ${missing(job)}`;
  }
  for (const sensor of sensors.values()) {
    for (const job of sensor.jobs) {
      if (typeof job === "string" && !jobs.has(job))
        yield `sensor ${sensor.name}${at(sensor.source)} starts job ${job}: ${missing(job)}`;
    }
    if (sensor.monitors?.kind !== "runs") continue;
    for (const { job, location } of sensor.monitors.jobs ?? []) {
      if (location === undefined && job !== ASSET_JOB && !jobs.has(job))
        yield `sensor ${sensor.name}${at(sensor.source)} watches job ${job}: ${missing(job)}; a job of another location is { location, job }`;
    }
  }
}

function* badTimes({ schedules }: Repository): Generator<string> {
  for (const { name, cron, timezone, source } of schedules.values()) {
    const fail = (error: unknown) => `schedule ${name}${at(source)}: ${(error as Error).message}`;
    if (cron.length === 0)
      yield `schedule ${name}${at(source)} has no cron expression: give one, e.g. "0 4 * * *"`;
    for (const expression of cron) {
      try {
        parseCron(expression);
      } catch (error) {
        yield fail(error);
      }
    }
    try {
      timeZone(timezone ?? "UTC");
    } catch (error) {
      yield fail(error);
    }
  }
}

/** Tables, and what a function says of the keys that exist now. */
function* badMappings({ assets }: Repository): Generator<string> {
  const now = { now: Date.now(), dynamic: () => [] };
  for (const asset of assets.values())
    for (const { key, mapping } of asset.deps) {
      const upstream = assets.get(keyText(key))?.partitions;
      if (upstream === undefined || (mapping?.kind !== "static" && mapping?.kind !== "custom")) continue;
      const what = `asset ${keyText(asset.key)}${at(asset.source)} depends on ${keyText(key)}`;
      try {
        const table = asTable(mapping, asset.partitions ?? null, upstream, now);
        const problem =
          table?.kind === "static" && mappingProblem(table.downstreamByUpstream, asset.partitions ?? null);
        if (problem) yield `${what}: ${problem}`;
      } catch (error) {
        if (!(error instanceof PartitionMappingError)) throw error;
        yield `${what}: ${error.message}`;
      }
    }
}

/** Run config that jobs and schedules bring along; what it leaves out may still be given at launch. */
export function* badRunConfig(
  { jobs, schedules }: Repository,
  views: ReadonlyMap<string, JobView>,
): Generator<string> {
  function* check(what: string, job: string, runConfig: Record<string, unknown>): Generator<string> {
    const view = views.get(job);
    if (view === undefined || Object.keys(runConfig).length === 0) return;
    for (const { path, message } of runConfigIssues({ ...view.config, partial: true }, runConfig))
      yield `run config of ${what}: ${path}: ${message}`;
  }
  for (const { name, runConfig, source } of jobs.values())
    yield* check(`job ${name}${at(source)}`, name, runConfig);
  for (const { name, job, runConfig, source } of schedules.values()) {
    yield* check(`schedule ${name}${at(source)}`, typeof job === "string" ? job : job.name, runConfig);
  }
}
