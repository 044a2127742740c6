import { expect, jest, test } from "@jest/globals";
import { type Health, health, healthChecks } from "../src/argocd.ts";

jest.setTimeout(900_000); // the first time Argo CD is built

// biome-ignore lint/suspicious/noExplicitAny: objects of any kind
type Status = any;
interface Case {
  kind: string;
  /** What the case is about. */
  name: string;
  spec?: unknown;
  metadata?: Record<string, unknown>;
  status?: Status;
  is: Health["status"];
  says: string;
}
const on = (type: string, status: string, reason: string, message: string, observedGeneration = 2) => ({
  ...{ type, status, reason, message, observedGeneration },
});
const serving = on("Ready", "True", "Serving", "1 of 1 code server serves 3 assets");
const complete = on("Progressing", "False", "Complete", "all code servers are of this version");
const valid = on("Ready", "True", "Valid", "the job is in the code");
const unseen = "the operator has not seen it yet";
const deleted = { deletionTimestamp: "2026-11-25T00:00:00Z" };
const failedTick = { time: "2026-11-25T04:00:00Z", status: "FAILURE" };

const cases: Case[] = [
  { kind: "CodeLocation", name: "new", is: "Progressing", says: unseen },
  {
    ...{ kind: "CodeLocation", name: "changed, and not looked at yet" },
    status: { conditions: [on("Ready", "True", "Serving", "", 1)] },
    ...{ is: "Progressing", says: unseen },
  },
  {
    ...{ kind: "CodeLocation", name: "being deleted", metadata: deleted },
    status: { conditions: [serving, complete] },
    ...{ is: "Progressing", says: "it is being deleted" },
  },
  {
    ...{ kind: "CodeLocation", name: "serving" },
    status: { conditions: [serving, complete] },
    ...{ is: "Healthy", says: "1 of 1 code server serves 3 assets" },
  },
  {
    ...{ kind: "CodeLocation", name: "starting" },
    status: { conditions: [on("Ready", "False", "Starting", "the code server is starting")] },
    ...{ is: "Progressing", says: "Starting: the code server is starting" },
  },
  {
    ...{ kind: "CodeLocation", name: "rolling out, the old version serves" },
    status: { conditions: [on("Ready", "Unknown", "RollingOut", "the new version is starting")] },
    ...{ is: "Progressing", says: "RollingOut: the new version is starting" },
  },
  {
    ...{ kind: "CodeLocation", name: "serving, more replicas on their way" },
    status: { conditions: [serving, on("Progressing", "True", "Starting", "1 of 2 are ready")] },
    ...{ is: "Progressing", says: "Starting: 1 of 2 are ready" },
  },
  {
    ...{ kind: "CodeLocation", name: "serving, a further replica finds no node" },
    status: { conditions: [serving, on("Progressing", "False", "Unschedulable", "no node takes the pod")] },
    ...{ is: "Degraded", says: "Unschedulable: no node takes the pod" },
  },
  ...["ImagePullFailed", "LoadError", "CrashLooping", "OutOfMemory", "InvalidSpec", "NameTaken"].map(
    (reason): Case => ({
      ...{ kind: "CodeLocation", name: reason },
      status: { conditions: [on("Ready", "False", reason, "why; nothing serves")] },
      ...{ is: "Degraded", says: `${reason}: why; nothing serves` },
    }),
  ),
  ...["Paused", "NoReplicas"].map(
    (reason): Case => ({
      ...{ kind: "CodeLocation", name: reason },
      status: { conditions: [on("Ready", "False", reason, "no code server runs")] },
      ...{ is: "Suspended", says: `${reason}: no code server runs` },
    }),
  ),

  ...["Job", "Schedule", "Sensor"].flatMap((kind): Case[] => [
    { kind, name: "new", is: "Progressing", says: unseen },
    { kind, name: "being deleted", metadata: deleted, is: "Progressing", says: "it is being deleted" },
    {
      ...{ kind, name: "changed, and not looked at yet" },
      status: { conditions: [{ ...valid, observedGeneration: 1 }] },
      ...{ is: "Progressing", says: unseen },
    },
    {
      ...{ kind, name: "wrong" },
      status: { conditions: [on("Ready", "False", "JobNotFound", "orders has no job x")] },
      ...{ is: "Degraded", says: "JobNotFound: orders has no job x" },
    },
    {
      ...{ kind, name: "not known yet" },
      status: { conditions: [on("Ready", "Unknown", "LocationNotLoaded", "orders is starting")] },
      ...{ is: "Progressing", says: "LocationNotLoaded: orders is starting" },
    },
  ]),
  {
    ...{ kind: "Job", name: "valid" },
    status: { conditions: [valid] },
    ...{ is: "Healthy", says: "no run yet" },
  },
  {
    ...{ kind: "Job", name: "whose last run failed" },
    status: { conditions: [valid], lastRun: { id: "1", status: "FAILURE" } },
    ...{ is: "Healthy", says: "last run: FAILURE" },
  },
  ...["Schedule", "Sensor"].flatMap((kind): Case[] => [
    {
      ...{ kind, name: "switched off" },
      spec: { suspend: true },
      status: { conditions: [valid], lastTick: failedTick, lastError: "x" },
      ...{ is: "Suspended", says: "it is switched off" },
    },
    {
      ...{ kind, name: "switched off on the page" },
      status: { conditions: [valid], state: "STOPPED" },
      ...{ is: "Suspended", says: "it is switched off" },
    },
    {
      ...{ kind, name: "whose last tick failed" },
      status: { conditions: [valid], lastTick: failedTick, lastError: "Error: no such table" },
      ...{ is: "Degraded", says: "the tick of 2026-11-25T04:00:00Z failed: Error: no such table" },
    },
  ]),
  {
    ...{ kind: "Schedule", name: "switched on" },
    status: { conditions: [valid], nextTickTime: "2026-11-26T04:00:00Z" },
    ...{ is: "Healthy", says: "next tick: 2026-11-26T04:00:00Z" },
  },
  {
    ...{ kind: "Sensor", name: "switched on" },
    status: { conditions: [valid], lastTick: { ...failedTick, status: "SKIPPED" } },
    ...{ is: "Healthy", says: "Valid: the job is in the code" },
  },

  { kind: "Run", name: "new", is: "Progressing", says: unseen },
  {
    ...{ kind: "Run", name: "in the queue" },
    status: { phase: "QUEUED", reason: "Queued", message: "" },
    ...{ is: "Progressing", says: "QUEUED: Queued" },
  },
  {
    ...{ kind: "Run", name: "running" },
    status: { phase: "STARTED", reason: "Running", message: "", stepsTotal: 4, stepsDone: 1 },
    ...{ is: "Progressing", says: "STARTED: Running, 1 of 4 steps done" },
  },
  {
    ...{ kind: "Run", name: "well" },
    status: { phase: "SUCCESS", reason: "Succeeded", message: "", stepsTotal: 4, stepsDone: 4 },
    ...{ is: "Healthy", says: "SUCCESS: Succeeded" },
  },
  {
    ...{ kind: "Run", name: "failed" },
    status: { phase: "FAILURE", reason: "OOMKilled", message: "it needed more memory" },
    ...{ is: "Degraded", says: "FAILURE: OOMKilled: it needed more memory" },
  },
  {
    ...{ kind: "Run", name: "canceled" },
    status: { phase: "CANCELED", reason: "Canceled", message: "" },
    ...{ is: "Degraded", says: "CANCELED: Canceled" },
  },

  { kind: "Backfill", name: "new", is: "Progressing", says: unseen },
  {
    ...{ kind: "Backfill", name: "on its way" },
    status: { phase: "REQUESTED", requested: 9, done: 4, failed: 0 },
    ...{ is: "Progressing", says: "REQUESTED: 4 of 9 partitions done, 0 failed" },
  },
  {
    ...{ kind: "Backfill", name: "well" },
    status: { phase: "COMPLETED", requested: 9, done: 9, failed: 0 },
    ...{ is: "Healthy", says: "COMPLETED: 9 of 9 partitions done, 0 failed" },
  },
  ...["COMPLETED", "FAILED", "CANCELED"].map(
    (phase): Case => ({
      ...{ kind: "Backfill", name: `${phase} with failures` },
      status: { phase, requested: 9, done: 7, failed: 2 },
      ...{ is: "Degraded", says: `${phase}: 7 of 9 partitions done, 2 failed` },
    }),
  ),
];

test("each object has the health that its status tells", async () => {
  const scripts = await healthChecks();
  expect(Object.keys(scripts).sort()).toEqual([
    ...["Backfill", "CodeLocation", "Job", "Run", "Schedule", "Sensor"],
  ]);
  const objects = cases.map(({ kind, spec = {}, metadata, status }) => ({
    script: scripts[kind] ?? "",
    object: {
      ...{ apiVersion: "dagster-operator.io/v1alpha1", kind, spec },
      metadata: { name: "x", generation: 2, ...metadata },
      ...(status && { status }),
    },
  }));
  const told = await health(objects);
  expect(told.map(({ status, message }, i) => [cases[i]?.kind, cases[i]?.name, status, message])).toEqual(
    cases.map(({ kind, name, is, says }) => [kind, name, is, says]),
  );
});
