/** Carries manifests out on a running system: switches schedules and sensors, submits runs and backfills once. */
import { randomUUID } from "node:crypto";
import {
  type LocationEntry,
  type Storage,
  submitBackfill,
  submitRun,
  systemClock,
  Unavailable,
  type Workspace,
} from "@dagster-operator/engine";
import { likeNamed } from "@dagster-operator/engine/resources";
import type { DefinitionsSnapshot } from "@dagster-operator/sdk/internal";
import { hint } from "../input/suggest.ts";
import type { ManifestPlan, ManifestRequest, ManifestSwitch } from "./planning.ts";
import { toBackfillRequest, toSubmitRequest } from "./submit-requests.ts";

export interface ApplyOptions {
  storage: Storage;
  workspace: Workspace;
  /** A line for a person. */
  tell: (line: string) => void;
  /** What a manifest asks for cannot be done; the others go on. */
  refuse: (line: string) => void;
}

/** Of what a manifest asked for: it is not done a second time. */
const GONE = "was submitted before, and retention has removed it since";
const AGAIN_MS = 2_000;

/** A request or a switch: what it is about, and what is asked of it. */
interface Wish {
  of: ManifestRequest | ManifestSwitch;
  subject: string;
  value: string;
}

/** Carries out plan after plan: each wish once, when its location is loaded, now or after its code was corrected. */
export class AppliedManifests {
  readonly #options: ApplyOptions;
  /** Asked for last, by subject: a switch that a person turned since is left alone until its manifest changes. */
  readonly #done = new Map<string, string>();
  #open = new Map<string, Wish[]>();
  #plan: ManifestPlan | null = null;
  readonly #closed = new AbortController();
  readonly #unsubscribe: () => void;

  constructor(options: ApplyOptions) {
    this.#options = options;
    this.#unsubscribe = options.workspace.subscribe((entry) => this.#look(entry));
  }

  /** What was refused is tried again. */
  apply(plan: ManifestPlan): void {
    this.#plan = plan;
    const wishes = [...plan.switches, ...plan.requests]
      .map(wish)
      .filter(({ subject, value }) => this.#done.get(subject) !== value);
    this.#open = Map.groupBy(wishes, ({ of }) => of.location);
    for (const location of [...this.#open.keys()]) this.#look(this.#options.workspace.get(location));
  }

  close(): void {
    this.#closed.abort();
    this.#unsubscribe();
  }

  #look(entry: LocationEntry | null): void {
    if (entry?.state !== "LOADED" || !entry.snapshot) return;
    const wishes = this.#open.get(entry.name) ?? [];
    this.#open.delete(entry.name);
    for (const { subject, value } of wishes) this.#done.set(subject, value);
    void this.#carryOut(wishes, entry.snapshot);
  }

  async #carryOut(wishes: Wish[], snapshot: DefinitionsSnapshot): Promise<void> {
    const late: Wish[] = [];
    for (const { of, subject, value } of wishes) {
      const name = `${KIND[of.kind]} ${of.name} (${of.place})`;
      try {
        const told = "status" in of ? await this.#switch(of, snapshot) : await this.#request(of, snapshot);
        if (told !== null) this.#options.tell(`${name}: ${told}`);
      } catch (error) {
        this.#done.delete(subject);
        if (error instanceof Unavailable) late.push({ of, subject, value });
        const message = error instanceof Error ? error.message : String(error);
        this.#options.refuse(message.startsWith(name) ? message : `${name}: ${message}`);
      }
    }
    if (late.length > 0) await this.#again(late);
  }

  /** A code server that is slow or away for a moment says nothing when it is back. */
  async #again(wishes: Wish[]): Promise<void> {
    const plan = this.#plan;
    await systemClock.sleep(AGAIN_MS, this.#closed.signal);
    if (this.#closed.signal.aborted || plan !== this.#plan) return;
    for (const [location, late] of Map.groupBy(wishes, ({ of }) => of.location)) {
      this.#open.set(location, [...(this.#open.get(location) ?? []), ...late]);
      this.#look(this.#options.workspace.get(location));
    }
  }

  async #switch(of: ManifestSwitch, snapshot: DefinitionsSnapshot): Promise<null> {
    const { ticks } = this.#options.storage;
    const { kind, location, status } = of;
    const name = switchedName(of, snapshot);
    const state = (await ticks.states()).find(
      (known) => known.kind === kind && known.location === location && known.name === name,
    );
    if (state?.status !== status) await ticks.setStatus({ kind, location, name }, status, Date.now());
    return null;
  }

  async #request(of: ManifestRequest, snapshot: DefinitionsSnapshot): Promise<string> {
    const { storage, workspace } = this.#options;
    const deps = { storage, workspace, now: Date.now, newId: randomUUID };
    if (of.kind === "Backfill") {
      const { backfillId, created } = await submitBackfill(deps, toBackfillRequest(of, snapshot));
      if (created) return `requested as ${backfillId}`;
      return (await storage.backfills.get(backfillId)) ? `was requested before as ${backfillId}` : GONE;
    }
    const dynamic = await dynamicKeys(snapshot, storage);
    const { runId, created } = await submitRun(
      deps,
      toSubmitRequest(of, snapshot, { now: Date.now(), dynamic }),
    );
    if (created) return `submitted as ${runId}`;
    return (await storage.runs.get(runId)) ? `was submitted before as ${runId}` : GONE;
  }
}

const KIND = { SCHEDULE: "Schedule", SENSOR: "Sensor", Run: "Run", Backfill: "Backfill" } as const;

function wish(of: ManifestRequest | ManifestSwitch): Wish {
  return "status" in of
    ? { of, subject: `${of.kind} ${of.location} ${of.name}`, value: of.status }
    : { of, subject: of.idempotencyKey, value: "" };
}

/** Name in the code of what a manifest switches. @throws Error it is not there */
export function switchedName(
  { kind, name, location }: ManifestSwitch,
  snapshot: DefinitionsSnapshot,
): string {
  const names = (kind === "SCHEDULE" ? snapshot.schedules : snapshot.sensors).map((one) => one.name);
  const found = likeNamed(name, names);
  if (found !== undefined) return found;
  throw new Error(`location ${location} defines no ${kind.toLowerCase()} of this name.${hint(name, names)}`);
}

async function dynamicKeys(
  snapshot: DefinitionsSnapshot,
  storage: Storage,
): Promise<(name: string) => string[]> {
  const names = new Set<string>();
  const add = (def: DefinitionsSnapshot["assets"][number]["partitions"]): void => {
    if (def?.kind === "dynamic") names.add(def.name);
    if (def?.kind === "multi") for (const dimension of def.dimensions) add(dimension.partitions);
  };
  for (const { partitions } of [...snapshot.assets, ...snapshot.jobs]) add(partitions);
  const keys = new Map<string, string[]>();
  for (const name of names) keys.set(name, await storage.assets.dynamicPartitions(name));
  return (name) => keys.get(name) ?? [];
}
