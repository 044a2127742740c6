/** The steps of a selection of assets and checks: one unit for each op or graph that computes some of them. */
import type { AssetCheckDef, AssetDef, AssetKey, JobDef } from "../model/definitions.ts";
import { didYouMean } from "../model/nearest-name.ts";
import { type Draft, draftNode, findNode, findOutput, type OuterInputs } from "./draft-graph.ts";
import type { RunTarget, StepInput } from "./plan.ts";
import { assetPath, push, type SnapshotIndex } from "./snapshot-index.ts";
import { sourcesOf } from "./step-sources.ts";

interface Unit {
  node: string;
  assets: AssetDef[];
  checks: AssetCheckDef[];
}

/** Appends to `problems` what cannot be planned; the result is only good when nothing was added. */
export function draftAssets(
  index: SnapshotIndex,
  job: JobDef,
  target: RunTarget,
  problems: string[],
): Draft[] {
  const assets = selectedAssets(index, job, target, problems);
  const checks = selectedChecks(index, target, assets, problems);
  const units = new Map<string, Unit>();
  const unitOf = (node: string) => {
    const known = units.get(node);
    if (known) return known;
    const unit: Unit = { node, assets: [], checks: [] };
    units.set(node, unit);
    return unit;
  };
  for (const asset of assets.values()) if (asset.node !== null) unitOf(asset.node).assets.push(asset);
  for (const check of checks) unitOf(check.node).checks.push(check);
  for (const unit of units.values()) partialUnit(index, unit, problems);
  if (problems.length > 0) return [];

  const madeBy = new Map<string, StepInput>();
  for (const [path, asset] of assets) {
    if (asset.node === null) continue;
    const at = findOutput(
      index,
      findNode(index, asset.node, `asset ${path}`),
      asset.node,
      asset.output ?? "result",
    );
    madeBy.set(path, { kind: "step", ...at });
  }
  return [...units.values()].flatMap((unit) => draftUnit(index, unit, madeBy));
}

function selectedAssets(
  index: SnapshotIndex,
  job: JobDef,
  target: RunTarget,
  problems: string[],
): Map<string, AssetDef> {
  const selected = new Map<string, AssetDef>();
  if (job.target.kind !== "assets") return selected;
  const ofJob = new Set(job.target.assets.map(assetPath));
  const explicit = (target.assets?.length ?? 0) > 0;
  const keys: AssetKey[] = explicit ? (target.assets ?? []) : target.checks?.length ? [] : job.target.assets;
  for (const key of keys) {
    const path = assetPath(key);
    const asset = index.assets.get(path);
    if (!asset) {
      problems.push(`there is no asset ${path}${didYouMean(path, index.assets.keys())}`);
    } else if (explicit && !ofJob.has(path) && !job.implicit) {
      problems.push(`asset ${path} is not part of job ${job.name}${didYouMean(path, ofJob)}`);
    } else if (asset.kind === "external" || asset.node === null) {
      if (explicit)
        problems.push(`asset ${path} is external: nothing here computes it, so it cannot be materialized`);
    } else if (explicit || asset.kind === "materializable" || !job.implicit) {
      selected.set(path, asset);
    }
  }
  return selected;
}

function selectedChecks(
  index: SnapshotIndex,
  target: RunTarget,
  assets: Map<string, AssetDef>,
  problems: string[],
): AssetCheckDef[] {
  if (!target.checks) return [...assets.keys()].flatMap((path) => index.checksOfAsset.get(path) ?? []);
  return target.checks.flatMap(({ asset, name }) => {
    const path = assetPath(asset);
    const ofAsset = index.checksOfAsset.get(path) ?? [];
    const check = ofAsset.find((c) => c.name === name);
    if (check) return [check];
    problems.push(
      `asset ${path} has no check ${name}${didYouMean(
        name,
        ofAsset.map((c) => c.name),
      )}`,
    );
    return [];
  });
}

/** A node that may not run in part needs all of its assets. */
function partialUnit(index: SnapshotIndex, unit: Unit, problems: string[]): void {
  const all = index.assetsOfNode.get(unit.node) ?? [];
  if (unit.assets.length === all.length || all.every((asset) => asset.canSubset)) return;
  const chosen = new Set(unit.assets);
  const missing = all.filter((asset) => !chosen.has(asset)).map((asset) => assetPath(asset.key));
  problems.push(
    unit.assets.length === 0
      ? `check ${unit.checks.map((c) => c.name).join(", ")} is computed together with its asset: select ${missing.join(", ")} too`
      : `${unit.assets.map((a) => assetPath(a.key)).join(", ")} cannot be computed without ${missing.join(", ")} (${unit.node} makes them together and has canSubset off): select all of them`,
  );
}

function draftUnit(index: SnapshotIndex, unit: Unit, madeBy: Map<string, StepInput>): Draft[] {
  const ofNode = index.assetsOfNode.get(unit.node) ?? [];
  const all = unit.assets.length === ofNode.length;
  const paths = new Set(unit.assets.map((asset) => assetPath(asset.key)));
  const inputs: OuterInputs = {};
  const after: StepInput[] = [];
  const depend = (deps: AssetDef["deps"]) => {
    for (const dep of deps) {
      const path = assetPath(dep.key);
      // Assets that one op makes together order themselves inside it.
      if (paths.has(path)) continue;
      const source: StepInput = madeBy.get(path) ?? { kind: "asset", key: dep.key };
      if (dep.input === null) after.push(source);
      else inputs[dep.input] = source;
    }
  };
  // An op has all its inputs even when only some of its assets are selected.
  for (const asset of ofNode)
    depend(all || paths.has(assetPath(asset.key)) ? asset.deps : asset.deps.filter((d) => d.input !== null));
  if (ofNode.length === 0) {
    const loads = (index.nodes.get(unit.node)?.inputs ?? []).some((input) => input.name === "value");
    for (const check of unit.checks) {
      depend(check.deps ?? [{ key: check.asset, input: loads ? "value" : null }]);
      depend([{ key: check.asset, input: null }]);
    }
  }
  const drafts = draftNode(index, unit.node, inputs);
  const [only] = drafts;
  if (only && drafts.length === 1) {
    // As of most assets: nothing inside to order, so nothing to look up.
    for (const source of after) only.after.push(source);
    nameOutputs(index, unit, (step) => (step === only.key ? only : undefined));
    return drafts;
  }
  const own = new Map(drafts.map((draft) => [draft.key, draft]));
  if (after.length > 0) for (const draft of drafts) if (!usesInner(draft, own)) draft.after.push(...after);
  nameOutputs(index, unit, (step) => own.get(step));
  return index.nodes.get(unit.node)?.kind === "graph" ? needed(drafts, own) : drafts;
}

function usesInner(draft: Draft, own: Map<string, Draft>): boolean {
  return sourcesOf(draft).some((source) => "step" in source && own.has(source.step));
}

/** Says of each output which asset or check it is. */
function nameOutputs(index: SnapshotIndex, unit: Unit, draftOf: (step: string) => Draft | undefined): void {
  const def = findNode(index, unit.node, "an asset");
  const ofNode = index.assetsOfNode.get(unit.node) ?? [];
  const assets = unit.assets.length === ofNode.length ? null : new Set(unit.assets);
  for (const asset of ofNode) {
    const { step, output } = findOutput(index, def, unit.node, asset.output ?? "result");
    const draft = draftOf(step);
    if (!draft) continue;
    if (!assets || assets.has(asset)) draft.assets.set(output, assetPath(asset.key));
    else unselect(draft, output);
  }
  const checksOfNode = index.checksOfNode.get(unit.node);
  if (!checksOfNode) return;
  const checks = new Set(unit.checks);
  for (const check of checksOfNode) {
    const { step, output } = findOutput(index, def, unit.node, check.output);
    const draft = draftOf(step);
    if (!draft) continue;
    if (!checks.has(check)) unselect(draft, output);
    else {
      draft.checks ??= new Map();
      push(draft.checks, output, {
        asset: assetPath(check.asset),
        name: check.name,
        blocking: check.blocking,
      });
    }
  }
}

function unselect(draft: Draft, output: string): void {
  draft.unselected ??= new Set();
  draft.unselected.add(output);
}

/** Of a graph's steps, those that a selected asset or check needs, when some are not selected; else all of them. */
function needed(drafts: Draft[], own: Map<string, Draft>): Draft[] {
  if (drafts.every((draft) => draft.unselected === null)) return drafts;
  const keep = new Set<Draft>();
  const queue = drafts.filter((draft) => draft.assets.size > 0 || draft.checks !== null);
  for (let draft = queue.pop(); draft; draft = queue.pop()) {
    if (keep.has(draft)) continue;
    keep.add(draft);
    for (const source of sourcesOf(draft)) {
      const upstream = "step" in source ? own.get(source.step) : undefined;
      if (upstream) queue.push(upstream);
    }
  }
  return drafts.filter((draft) => keep.has(draft));
}
