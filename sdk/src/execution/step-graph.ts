/**
 * Which step may start, which is skipped and why: the state of a run's steps, with no I/O and no clock.
 * A plan step is a group of units: itself, or a copy for each mapping key. Each edge is walked once.
 */
import type { Plan, Step, StepInput } from "./plan.ts";
import { assetPath, push } from "./snapshot-index.ts";
import type { RunContext, StepRequest, StepResult } from "./step-protocol.ts";
import { sourcesOf } from "./step-sources.ts";

/** One thing to run: a step, or one mapped copy of it. */
export interface Unit {
  readonly key: string;
  readonly group: Group;
  readonly mappingKey: string | undefined;
  /** Upstream units and groups that have not ended. */
  pending: number;
  /** `skipped`: nothing to work on, and who can do without goes on. `abandoned`: a failure before it, and all behind it stops. */
  end: "success" | "failed" | "skipped" | "abandoned" | undefined;
  /** Outputs that it ended without. */
  missing: readonly string[];
}

/** Mutable state of one plan step. */
interface Group {
  readonly step: Step;
  readonly index: number;
  /** Plan steps that wait for the whole of this one. */
  readonly whole: Group[];
  /** Steps mapped over the same output, whose copies wait for the copy of the same key. */
  readonly copyWise: Group[];
  /** Upstream groups that must have ended as a whole; for a template only those besides its dynamic output. */
  readonly upstream: Group[];
  readonly upstreamCopies: Group[];
  units: Map<string | undefined, Unit> | undefined;
  open: number;
  ended: boolean;
  /** The first unit that failed or was abandoned. */
  failed: Unit | undefined;
  /** Units that ended without an output, by output. */
  missing: Map<string, number>;
  /** True when it never had copies because what it is mapped over was not made. */
  notExpanded: "failed" | "skipped" | undefined;
}

export type Change =
  | { kind: "ready"; unit: Unit }
  | { kind: "skipped"; unit: Unit; reason: string }
  /** Mapping keys of another run that nobody knows: the step cannot be run. */
  | { kind: "broken"; unit: Unit; message: string };

type Verdict = { state: "ok" } | { state: "missing" | "failed"; reason: string };
const OK: Verdict = { state: "ok" };

export class StepGraph {
  readonly #groups = new Map<string, Group>();
  /** Templates that wait for a dynamic output, by its step. */
  readonly #templates = new Map<string, Group[]>();
  readonly #blocked = new Set<string>();
  readonly #known: RunContext["known"];
  readonly #runId: string;
  #mappingKeys: StepRequest["mappingKeys"];
  #openGroups = 0;
  #work: Unit[] = [];

  constructor(plan: Plan, run: Pick<RunContext, "known" | "runId">) {
    this.#known = run.known;
    this.#runId = run.runId;
    this.#mappingKeys = { ...run.known.mappingKeys };
    for (const [index, step] of plan.steps.entries()) this.#addGroup(step, index);
    this.#openGroups = this.#groups.size;
  }

  /** What can start before anything has run. */
  start(): Change[] {
    const changes: Change[] = [];
    for (const group of this.#groups.values()) {
      const over = group.step.mapOver;
      if (!over) {
        const unit = this.#addUnit(group, undefined);
        if (unit.pending === 0) this.#work.push(unit);
      } else if (!this.#groups.has(over.step)) {
        const keys = this.#mappingKeys[over.step]?.[over.output] ?? group.step.copies;
        if (keys) this.#expand(group, keys, changes);
        else {
          const unit = this.#addUnit(group, "?");
          const message = `Step ${group.step.key} is mapped over ${over.step}.${over.output}, whose mapping keys are not known: re-execute ${over.step} too.`;
          this.#end(unit, "failed", []);
          changes.push({ kind: "broken", unit, message });
        }
      }
    }
    this.#settle(changes);
    return changes;
  }

  /** Takes a step's end; returns what it sets free, in plan order. */
  succeed(unit: Unit, result: Extract<StepResult, { kind: "success" }>): Change[] {
    for (const asset of result.blockedAssets) this.#blocked.add(assetPath(asset));
    const { step } = unit.group;
    const made = new Map(result.outputs.map((output) => [output.name, output]));
    const missing: string[] = [];
    const dynamic: Record<string, string[]> = {};
    for (const { name, dynamic: many } of step.outputs) {
      if (many) dynamic[name] = made.get(name)?.mappingKeys ?? [];
      else if (!made.has(name)) missing.push(name);
    }
    if (Object.keys(dynamic).length > 0) this.#mappingKeys = { ...this.#mappingKeys, [step.key]: dynamic };
    return this.#ended(unit, "success", missing);
  }

  fail(unit: Unit): Change[] {
    return this.#ended(unit, "failed", []);
  }

  get finished(): boolean {
    return this.#openGroups === 0;
  }

  get blockedAssets(): string[] {
    return [...this.#blocked];
  }

  /** What a step's worker must know of those before it. */
  request(run: RunContext, unit: Unit, stepAttempt: number): StepRequest {
    const notYielded: StepRequest["notYielded"] = {};
    const note = (from: Unit) => {
      if (from.missing.length > 0) notYielded[from.key] = [...from.missing];
    };
    for (const source of sourcesOf(unit.group.step)) {
      const group = source.kind === "asset" ? undefined : this.#groups.get(source.step);
      if (source.kind === "asset") continue;
      if (!group?.units) {
        for (const [key, names] of Object.entries(this.#known.notYielded ?? {})) {
          if (key === source.step || key.startsWith(`${source.step}[`)) notYielded[key] = names;
        }
      } else if (source.kind === "collect") for (const from of group.units.values()) note(from);
      else {
        const from = group.units.get(unit.mappingKey) ?? group.units.get(undefined);
        if (from) note(from);
      }
    }
    return { run, stepKey: unit.key, stepAttempt, mappingKeys: this.#mappingKeys, notYielded };
  }

  #addGroup(step: Step, index: number): void {
    const group: Group = {
      step,
      index,
      whole: [],
      copyWise: [],
      upstream: [],
      upstreamCopies: [],
      units: undefined,
      open: 0,
      ended: false,
      failed: undefined,
      missing: new Map(),
      notExpanded: undefined,
    };
    this.#groups.set(step.key, group);
    const over = step.mapOver;
    if (over) push(this.#templates, over.step, group);
    const collected = new Set(sourcesOf(step).flatMap((s) => (s.kind === "collect" ? [s.step] : [])));
    for (const key of step.upstream) {
      if (key === over?.step && !collected.has(key)) continue;
      const before = this.#groups.get(key);
      if (!before) continue;
      const same =
        over && before.step.mapOver?.step === over.step && before.step.mapOver.output === over.output;
      if (same && !collected.has(key)) {
        before.copyWise.push(group);
        group.upstreamCopies.push(before);
      } else {
        before.whole.push(group);
        group.upstream.push(before);
      }
    }
  }

  #addUnit(group: Group, mappingKey: string | undefined): Unit {
    const key = mappingKey === undefined ? group.step.key : `${group.step.key}[${mappingKey}]`;
    let pending = 0;
    for (const before of group.upstream) if (!before.ended) pending++;
    for (const before of group.upstreamCopies) if (!before.units?.get(mappingKey)?.end) pending++;
    const unit: Unit = { key, group, mappingKey, pending, end: undefined, missing: [] };
    group.units ??= new Map();
    group.units.set(mappingKey, unit);
    group.open++;
    return unit;
  }

  /** Makes the copies of a template, in plan order, so that those before it in a chain have theirs. */
  #expand(group: Group, keys: string[], changes: Change[]): void {
    const over = group.step.mapOver;
    if (keys.length === 0) {
      const unit = this.#addUnit(group, "?");
      const reason = `${over?.step} yielded no value of its dynamic output ${over?.output}, so there is nothing to map.`;
      changes.push({ kind: "skipped", unit, reason });
      // Not an end for want of data: a collect of nothing is an empty list.
      this.#end(unit, "success", []);
      group.units = new Map();
      return;
    }
    for (const key of keys) {
      const unit = this.#addUnit(group, key);
      if (unit.pending === 0) this.#work.push(unit);
    }
  }

  #ended(unit: Unit, end: "success" | "failed", missing: string[]): Change[] {
    const changes: Change[] = [];
    this.#end(unit, end, missing);
    this.#settle(changes);
    changes.sort((a, b) => a.unit.group.index - b.unit.group.index);
    return changes;
  }

  /** Decides every unit that waits for nothing any more. A loop, as skips may run down a chain of any length. */
  #settle(changes: Change[]): void {
    for (let at = 0; at < this.#work.length || this.#expandable.length > 0; ) {
      const template = this.#expandable.shift();
      if (template) {
        this.#unfold(template, changes);
        continue;
      }
      const unit = this.#work[at++] as Unit;
      if (unit.end) continue;
      if (this.#isStored(unit)) {
        this.#end(unit, "success", this.#known.notYielded?.[unit.key] ?? []);
        continue;
      }
      const verdict = this.#verdict(unit);
      if (verdict.state === "ok") changes.push({ kind: "ready", unit });
      else {
        changes.push({ kind: "skipped", unit, reason: verdict.reason });
        this.#skip(unit, verdict.state === "failed");
      }
    }
    this.#work = [];
  }

  readonly #expandable: Group[] = [];

  #unfold(group: Group, changes: Change[]): void {
    const over = group.step.mapOver;
    const source = over && this.#groups.get(over.step);
    if (!over || !source) return;
    const unit = source.units?.get(undefined);
    if (unit?.end === "success") {
      this.#expand(group, this.#mappingKeys[over.step]?.[over.output] ?? [], changes);
      return;
    }
    const failed = source.failed !== undefined;
    const template = this.#addUnit(group, "?");
    group.notExpanded = failed ? "failed" : "skipped";
    changes.push({
      kind: "skipped",
      unit: template,
      reason: source.failed
        ? notMade(source.failed)
        : `Step ${over.step}, which it is mapped over, was skipped.`,
    });
    this.#skip(template, failed);
  }

  #skip(unit: Unit, abandoned: boolean): void {
    this.#end(
      unit,
      abandoned ? "abandoned" : "skipped",
      unit.group.step.outputs.map((o) => o.name),
    );
  }

  #end(unit: Unit, end: NonNullable<Unit["end"]>, missing: string[]): void {
    const { group } = unit;
    unit.end = end;
    unit.missing = missing;
    if (end === "failed" || end === "abandoned") group.failed ??= unit;
    for (const name of unit.missing) group.missing.set(name, (group.missing.get(name) ?? 0) + 1);
    group.open--;
    for (const next of group.copyWise) {
      const copy = next.units?.get(unit.mappingKey);
      if (copy && --copy.pending === 0) this.#work.push(copy);
    }
    if (group.open > 0) return;
    group.ended = true;
    this.#openGroups--;
    for (const next of group.whole) {
      for (const waiting of next.units?.values() ?? []) if (--waiting.pending === 0) this.#work.push(waiting);
    }
    for (const template of this.#templates.get(group.step.key) ?? []) this.#expandable.push(template);
  }

  /** Already made by an earlier attempt of this run, or a copy that this re-execution leaves as it is. */
  #isStored(unit: Unit): boolean {
    if (this.#known.outputsFrom[unit.key] === this.#runId) return true;
    const { copies } = unit.group.step;
    return copies !== undefined && unit.mappingKey !== undefined && !copies.includes(unit.mappingKey);
  }

  #verdict(unit: Unit): Verdict {
    const { step } = unit.group;
    for (const asset of step.gatedBy) {
      const path = assetPath(asset);
      if (this.#blocked.has(path))
        return { state: "failed", reason: `A blocking check of its upstream asset ${path} failed.` };
    }
    let worst: Verdict = OK;
    for (const sources of [Object.values(step.inputs), step.after]) {
      for (const source of sources) {
        const verdict = this.#of(source, unit);
        if (verdict.state === "failed") return verdict;
        if (verdict.state === "missing" && worst.state === "ok") worst = verdict;
      }
    }
    return worst;
  }

  /** A fan-in goes on with what there is; it is missing only when all of it is. */
  #of(source: StepInput, unit: Unit): Verdict {
    if (source.kind === "asset") return OK;
    if (source.kind === "fan_in") {
      let missing: Verdict | undefined;
      let some = source.sources.length === 0;
      for (const inner of source.sources) {
        const verdict = this.#of(inner, unit);
        if (verdict.state === "failed") return verdict;
        if (verdict.state === "missing") missing ??= verdict;
        else some = true;
      }
      return some ? OK : (missing ?? OK);
    }
    const group = this.#groups.get(source.step);
    if (!group) return this.#known.notYielded?.[source.step]?.includes(source.output) ? missed(source) : OK;
    if (source.kind === "collect") {
      if (group.failed) return { state: "failed", reason: notMade(group.failed) };
      if (group.notExpanded === "skipped")
        return { state: "missing", reason: `Step ${source.step} was skipped.` };
      const copies = group.units?.size ?? 0;
      return copies > 0 && group.missing.get(source.output) === copies ? missed(source) : OK;
    }
    const from = group.units?.get(unit.mappingKey) ?? group.units?.get(undefined) ?? group.failed;
    if (from?.end === "failed" || from?.end === "abandoned")
      return { state: "failed", reason: notMade(from) };
    // A check gates by its result, not by the want of one.
    if (!from?.missing.includes(source.output)) return OK;
    return missed({ step: from.key, output: source.output }, from.end === "skipped");
  }
}

const missed = (at: { step: string; output: string }, skipped = false): Verdict => ({
  state: "missing",
  reason: skipped
    ? `Upstream step ${at.step} was skipped.`
    : `Upstream step ${at.step} did not yield its output ${at.output}.`,
});
const notMade = (unit: Unit) =>
  `Upstream step ${unit.key} ${unit.end === "failed" ? "failed" : "did not run"}.`;
