/** Drafts to a plan: order, mapping, blocking checks, re-execution. */
import type { JobDef } from "../model/definitions.ts";
import { didYouMean } from "../model/nearest-name.ts";
import type { Draft } from "./draft-graph.ts";
import type { Plan, Step, StepInput } from "./plan.ts";
import { PlanError } from "./plan-error.ts";
import { assetPath, push, type SnapshotIndex } from "./snapshot-index.ts";
import { inOrder } from "./step-order.ts";
import { sourcesOf } from "./step-sources.ts";

export interface ResolveOptions {
  job: JobDef;
  index: SnapshotIndex;
  /** Step keys to run, or null for all. */
  only: string[] | null;
}

export function resolveSteps(drafts: Draft[], options: ResolveOptions): Plan {
  const byKey = new Map(drafts.map((draft) => [draft.key, draft]));
  const gates = gate(drafts);
  const upstream = new Map(drafts.map((draft) => [draft.key, waitsFor(draft)]));
  const ordered = inOrder(drafts, upstream);
  const problems: string[] = [];
  for (const draft of ordered) draft.mapOver = mapping(draft, byKey, problems);
  const chosen = choose(options.only, byKey, problems);
  if (problems.length > 0) throw new PlanError(problems);

  const stored = new Set<string>();
  const toStep = (draft: Draft, runs: boolean): Step => {
    const read = (source: StepInput): StepInput => {
      if (source.kind === "fan_in") return { kind: "fan_in", sources: source.sources.map(read) };
      if (source.kind === "asset" || !runs || !chosen || chosen.has(source.step)) return source;
      const asset = byKey.get(source.step)?.assets.get(source.output);
      const key = asset === undefined ? undefined : options.index.assets.get(asset)?.key;
      if (key) return { kind: "asset", key };
      stored.add(source.step);
      return source;
    };
    const before = upstream.get(draft.key) ?? [];
    return makeStep(draft, options, {
      inputs: chosen
        ? Object.fromEntries(Object.entries(draft.inputs).map(([name, source]) => [name, read(source)]))
        : draft.inputs,
      after: draft.after.map((source) => ordering(source, chosen)).filter((source) => source !== undefined),
      upstream: chosen ? before.filter((key) => chosen.has(key)) : before,
      gatedBy: gates.get(draft.key) ?? [],
      copies: chosen?.get(draft.key) ?? undefined,
    });
  };
  const steps = ordered
    .filter((draft) => !chosen || chosen.has(draft.key))
    .map((draft) => toStep(draft, true));
  // A step that reads copies of a mapped step needs to know what that one was mapped over, so templates come along.
  const kept = ordered.filter((draft) => stored.has(draft.key)).map((draft) => toStep(draft, false));
  return { steps, stored: kept };
}

/** Adds the order that blocking checks impose; returns, by step, the assets whose checks may stop it. */
function gate(drafts: Draft[]): Map<string, string[]> {
  const blocking = new Map<string, { draft: Draft; output: string }[]>();
  const assetAt = new Map<string, string>();
  for (const draft of drafts) {
    for (const [output, checks] of draft.checks ?? []) {
      for (const check of checks) if (check.blocking) push(blocking, check.asset, { draft, output });
    }
  }
  const gates = new Map<string, string[]>();
  if (blocking.size === 0) return gates;
  for (const draft of drafts) {
    for (const [output, asset] of draft.assets) assetAt.set(`${draft.key}\n${output}`, asset);
  }
  for (const draft of drafts) {
    const used = new Set<string>();
    for (const source of sourcesOf(draft)) {
      const asset =
        source.kind === "asset" ? assetPath(source.key) : assetAt.get(`${source.step}\n${source.output}`);
      if (asset !== undefined && blocking.has(asset)) used.add(asset);
    }
    for (const asset of used) {
      const checks = blocking.get(asset) ?? [];
      // Neither the computation that makes the asset nor its other checks wait for its checks.
      const isCheck = [...(draft.checks?.values() ?? [])].some((list) =>
        list.some((check) => check.asset === asset),
      );
      if (isCheck || checks.some((check) => check.draft.unit === draft.unit)) continue;
      push(gates, draft.key, asset);
      for (const check of checks)
        draft.after.push({ kind: "step", step: check.draft.key, output: check.output });
    }
  }
  return gates;
}

function waitsFor(draft: Draft): string[] {
  const sources = sourcesOf(draft);
  if (sources.length === 0 && !draft.mapOver) return [];
  const keys = new Set<string>();
  for (const source of sources) if (source.kind !== "asset") keys.add(source.step);
  if (draft.mapOver) keys.add(draft.mapOver.step);
  return [...keys].sort();
}

/** The dynamic output that a step is mapped over, known from what it reads. `byKey` must be settled upstream of it. */
function mapping(draft: Draft, byKey: Map<string, Draft>, problems: string[]): Draft["mapOver"] {
  let over: Draft["mapOver"];
  const set = (to: NonNullable<Draft["mapOver"]>) => {
    if (over && (over.step !== to.step || over.output !== to.output)) {
      problems.push(
        `step ${draft.key} is mapped over both ${over.step}.${over.output} and ${to.step}.${to.output}: collect one of them first`,
      );
    }
    over ??= to;
  };
  const follow = (step: string, output: string) => {
    const source = byKey.get(step);
    if (isDynamic(source, output)) set({ step, output });
    else if (source?.mapOver) set(source.mapOver);
    return source;
  };
  if (draft.mapOver) follow(draft.mapOver.step, draft.mapOver.output);
  for (const source of sourcesOf(draft)) {
    if (source.kind === "step") follow(source.step, source.output);
    else if (source.kind === "collect") {
      const collected = byKey.get(source.step);
      if (!isDynamic(collected, source.output) && !collected?.mapOver) {
        problems.push(
          `step ${draft.key} collects ${source.step}.${source.output}, which is neither dynamic nor mapped`,
        );
      }
    }
  }
  if (over && draft.op.outputs.some((output) => output.dynamic)) {
    problems.push(
      `step ${draft.key} is mapped over ${over.step}.${over.output} and has a dynamic output itself: dynamic outputs cannot be nested`,
    );
  }
  return over;
}

const isDynamic = (draft: Draft | undefined, output: string) =>
  draft?.op.outputs.some((o) => o.name === output && o.dynamic === true) ?? false;

/** Chosen step keys, each with the mapping keys that were named (null = all copies). */
function choose(
  only: string[] | null,
  byKey: Map<string, Draft>,
  problems: string[],
): Map<string, string[] | null> | null {
  if (!only) return null;
  const chosen = new Map<string, string[] | null>();
  for (const name of only) {
    const copy = byKey.has(name) ? null : /^(.*)\[([^[\]]*)\]$/.exec(name);
    const key = copy?.[1] ?? name;
    const draft = byKey.get(key);
    if (!draft) {
      problems.push(`there is no step ${name}${didYouMean(key, byKey.keys())}`);
    } else if (copy && !draft.mapOver) {
      problems.push(`step ${key} is not mapped, so it has no copy ${name}`);
    } else if (!copy || copy[2] === "?") {
      chosen.set(key, null);
    } else if (chosen.get(key) !== null) {
      chosen.set(key, [...(chosen.get(key) ?? []), copy[2] ?? ""]);
    }
  }
  // When the dynamic step runs again, its keys are new and so are all copies.
  for (const [key, copies] of chosen) {
    if (copies && chosen.has(byKey.get(key)?.mapOver?.step ?? "")) chosen.set(key, null);
  }
  return chosen;
}

/** What is left to wait for of an order-only source when only the chosen steps run. */
function ordering(source: StepInput, chosen: Map<string, unknown> | null): StepInput | undefined {
  if (source.kind === "asset") return undefined;
  if (source.kind !== "fan_in") return !chosen || chosen.has(source.step) ? source : undefined;
  const sources = source.sources.map((s) => ordering(s, chosen)).filter((s) => s !== undefined);
  return sources.length > 0 ? { kind: "fan_in", sources } : undefined;
}

function makeStep(
  draft: Draft,
  { job, index }: ResolveOptions,
  rest: {
    inputs: Step["inputs"];
    after: StepInput[];
    upstream: string[];
    gatedBy: string[];
    copies: string[] | undefined;
  },
): Step {
  const { op } = draft;
  const keyOf = (path: string) => index.assets.get(path)?.key ?? path.split("/");
  const step: Step = {
    key: draft.key,
    op,
    inputs: rest.inputs,
    after: rest.after,
    upstream: rest.upstream,
    outputs: [],
    checks: [],
    gatedBy: rest.gatedBy.map(keyOf),
    tags: draft.tags,
  };
  for (const output of op.outputs) {
    if (draft.checks?.has(output.name) || draft.unselected?.has(output.name)) continue;
    const { name, dynamic = false, required, ioManager } = output;
    const path = draft.assets.get(name);
    const asset = path === undefined ? undefined : index.assets.get(path);
    step.outputs.push({
      name,
      dynamic,
      required,
      // Of an asset made by a graph, the inner op knows nothing of where the asset is kept.
      ioManager: asset?.ioManager ?? ioManager,
      ...(asset && { asset: asset.key, ...(asset.partitions && { partitions: asset.partitions }) }),
      ...(asset?.kind === "observable" && { observes: true }),
    });
  }
  for (const [output, checks] of draft.checks ?? []) {
    for (const check of checks)
      step.checks.push({ asset: keyOf(check.asset), name: check.name, output, blocking: check.blocking });
  }
  if (draft.mapOver) step.mapOver = draft.mapOver;
  if (rest.copies) step.copies = rest.copies;
  const retryPolicy = op.retryPolicy ?? job.retryPolicy;
  if (retryPolicy) step.retryPolicy = retryPolicy;
  if (op.pool !== undefined) step.pool = op.pool;
  if (draft.hooks.length > 0 || job.hooks?.length)
    step.hooks = [...new Set([...draft.hooks, ...(job.hooks ?? [])])];
  return step;
}
