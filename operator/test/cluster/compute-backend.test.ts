import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeRunToken, RUN_TOKEN_LIFETIME_MS } from "@dagster-operator/engine";
import { computeBackendContract } from "@dagster-operator/engine/testing";
import { afterAll, beforeAll } from "@jest/globals";
import type { MakePart } from "../../src/compose.ts";
import { POD, type Pod } from "../../src/kube/resources.ts";
import { JOB } from "../../src/run/job-template.ts";
import { KnownLocations } from "../../src/run/known-locations.ts";
import { KubernetesBackend } from "../../src/run/kubernetes-backend.ts";
import { emptyConfig } from "../../src/run/merge/k8s-config.ts";
import { type BatchJob, trimJob, trimPod, WORKER_SELECTOR, WorkerCache } from "../../src/run/worker-cache.ts";
import { ClusterSystem } from "./cluster-system.ts";

const system = new ClusterSystem();
beforeAll(() => system.open());
let operator: ReturnType<ClusterSystem["compose"]> | undefined;
afterAll(async () => {
  await operator?.stop();
  await system.close();
});

/** As the operator makes it when it begins to lead, and nothing that drives it. */
async function open(): Promise<KubernetesBackend> {
  await operator?.stop();
  const { client, storage } = system;
  const faults: unknown[] = [];
  const leads = Promise.withResolvers<KubernetesBackend>();
  const part: MakePart = ({ informers }) => {
    const jobs = informers<BatchJob>({ resource: JOB, labelSelector: WORKER_SELECTOR, trim: trimJob });
    const pods = informers<Pod>({ resource: POD, labelSelector: WORKER_SELECTOR, trim: trimPod });
    const cache = new WorkerCache(jobs, pods, "test");
    const onFault = (what: string, error: unknown) => faults.push([what, error]);
    return {
      controllers: [],
      lead: async (signal) => {
        leads.resolve(
          new KubernetesBackend({
            client,
            storage,
            locations: new KnownLocations(storage),
            cache,
            installation: "test",
            launcher: emptyConfig(),
            onFault,
          }),
        );
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      },
    };
  };
  operator = system.compose([part]);
  return leads.promise;
}

/** A run that was taken from the queue and claimed until this attempt was its turn. */
const request = (job: string) => async (runId: string, attempt: number) => {
  const { storage } = system;
  await system.start(job, { runId });
  await system.until(runId, ({ status }) => status !== "QUEUED");
  for (;;) {
    const claimed = await storage.compute.claim("the contract", 100, 60_000);
    const own = claimed.find((each) => each.runId === runId);
    if (!own) throw new Error(`run ${runId} has no compute request`);
    if (own.attempt < attempt) {
      await storage.compute.release(own.id, 0);
      continue;
    }
    await storage.compute.done(own.id);
    const secret = await storage.setting("token_secret", () => "of these tests");
    const token = makeRunToken(secret, { runId, attempt, expiresAt: Date.now() + RUN_TOKEN_LIFETIME_MS });
    const { location, codeVersion } = own;
    return { runId, location, attempt, codeVersion, url: system.url, token };
  }
};

const blocking = new Set<string>();
async function exists(path: string): Promise<void> {
  while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** The worker's process on this machine, which is the cluster's node. */
function processOf(runId: string): number {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
    try {
      const read = (file: string) => readFileSync(join("/proc", pid, file), "utf8");
      if (read("environ").includes(runId) && read("cmdline").includes("runworker")) return Number(pid);
    } catch {
      // It ended meanwhile.
    }
  throw new Error(`run ${runId} has no process on this machine`);
}

computeBackendContract("Kubernetes Jobs", {
  open,
  outlived: true,
  patient: request("hangs"),
  stubborn: (runId, attempt) => {
    blocking.add(runId);
    return request("stubborn")(runId, attempt);
  },
  quick: request("quick"),
  crashing: request("dies"),
  working: async (runId) => {
    // A step that blocks the worker's own process keeps its events there, so look at what it did.
    if (blocking.has(runId)) await exists(join(system.artifacts, "stubborn"));
    else await system.until(runId, ({ status }) => status === "STARTED");
  },
  canceling: async (runId) => void (await system.storage.runs.cancel(runId)),
  murder: async (_backend, runId) => void process.kill(processOf(runId), "SIGKILL"),
});
