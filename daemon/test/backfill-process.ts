/** A daemon's backfill work as a process of its own: `backfill-process.ts DATABASE_URL`. Short leases, so that what a killed one held is soon free. */
import { randomUUID } from "node:crypto";
import { advanceBackfill, type LocationEntry, type Workspace } from "@dagster-operator/engine";
import { internalsOf } from "@dagster-operator/sdk/internal";
import { openStorage } from "@dagster-operator/storage";
import { hourly } from "./fixtures/hourly.ts";

const LEASE_MS = 1000;
const storage = await openStorage(process.argv[2] ?? "");
const entry: LocationEntry = {
  name: "hourly",
  state: "LOADED",
  snapshot: internalsOf(hourly).snapshot,
  error: null,
  updatedAt: 0,
  source: {},
  codeVersion: null,
  code: {
    definitions: async () => internalsOf(hourly).snapshot,
    validateRunConfig: async () => [],
    mapPartitions: async () => ({}),
    evaluateSchedule: () => Promise.reject(new Error("there is no schedule")),
    evaluateSensor: () => Promise.reject(new Error("there is no sensor")),
  } as LocationEntry["code"],
};
const workspace = { list: () => [entry], get: () => entry } as unknown as Workspace;
const owner = `daemon:${randomUUID()}`;
const deps = {
  storage,
  workspace,
  now: () => Date.now(),
  newId: () => randomUUID(),
  owner,
  leaseMs: LEASE_MS,
};
process.stdout.write("ready\n");
for (;;) {
  const [backfill] = await storage.backfills.claim(owner, 1, LEASE_MS);
  if (backfill) await advanceBackfill(deps, backfill);
  else await new Promise((resolve) => setTimeout(resolve, 50));
}
