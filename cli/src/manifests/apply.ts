/** Carries manifests out on a running system: switches schedules and sensors, submits runs and backfills once. */
import { randomUUID } from "node:crypto";
import {
  type LocationEntry,
  type Storage,
  submitBackfill,
  submitRun,
  type Workspace,
} from "@dagster-operator/engine";
import { likeNamed } from "@dagster-operator/engine/resources";
import type { DefinitionsSnapshot } from "@dagster-operator/sdk/internal";
import { hint } from "../input/suggest.ts";
import type { ManifestPlan, ManifestSwitch } from "./planning.ts";
import { toBackfillRequest, toSubmitRequest } from "./submit-requests.ts";

export interface ApplyOptions {
  plan: ManifestPlan;
  storage: Storage;
  workspace: Workspace;
  /** A line for a person. */
  tell: (line: string) => void;
  /** What a manifest asks for cannot be done; the others go on. */
  refuse: (line: string) => void;
}

/** Works on each location when it loads first, now or after its code was corrected. Returns the unsubscriber. */
export function applyManifests(options: ApplyOptions): () => void {
  const { plan, workspace } = options;
  const open = new Set([...plan.requests, ...plan.switches].map(({ location }) => location));
  const look = (entry: LocationEntry | null) => {
    if (entry?.state !== "LOADED" || !entry.snapshot || !open.delete(entry.name)) return;
    void applyTo(entry.name, entry.snapshot, options);
  };
  const unsubscribe = workspace.subscribe(look);
  for (const name of [...open]) look(workspace.get(name));
  return unsubscribe;
}

async function applyTo(
  location: string,
  snapshot: DefinitionsSnapshot,
  options: ApplyOptions,
): Promise<void> {
  const { plan, storage, workspace, tell, refuse } = options;
  const guarded = async (of: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      refuse(message.startsWith(of) ? message : `${of}: ${message}`);
    }
  };
  for (const one of plan.switches.filter((candidate) => candidate.location === location))
    await guarded(
      `${one.kind === "SCHEDULE" ? "Schedule" : "Sensor"} ${one.name} (${one.place})`,
      async () => {
        const name = switchedName(one, snapshot);
        const id = { kind: one.kind, location, name };
        const state = (await storage.ticks.states()).find(
          (known) => known.kind === one.kind && known.location === location && known.name === name,
        );
        if (state?.status !== one.status) await storage.ticks.setStatus(id, one.status, Date.now());
      },
    );
  for (const request of plan.requests.filter((candidate) => candidate.location === location))
    await guarded(`${request.kind} ${request.name} (${request.place})`, async () => {
      const deps = { storage, workspace, now: Date.now, newId: randomUUID };
      const of = `${request.kind} ${request.name} (${request.place})`;
      if (request.kind === "Backfill") {
        const { backfillId, created } = await submitBackfill(deps, toBackfillRequest(request, snapshot));
        tell(`${of}: ${created ? "requested as" : "was requested before as"} ${backfillId}`);
        return;
      }
      const dynamic = await dynamicKeys(snapshot, storage);
      const { runId, created } = await submitRun(
        deps,
        toSubmitRequest(request, snapshot, { now: Date.now(), dynamic }),
      );
      tell(`${of}: ${created ? "submitted as" : "was submitted before as"} ${runId}`);
    });
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
