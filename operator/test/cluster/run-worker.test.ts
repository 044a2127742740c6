import { runComputeLoop, systemClock } from "@dagster-operator/engine";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { KubernetesBackend } from "../../src/run/kubernetes-backend.ts";
import { emptyConfig } from "../../src/run/merge/k8s-config.ts";
import { WorkerCache } from "../../src/run/worker-cache.ts";
import { ClusterSystem } from "./cluster-system.ts";

const system = new ClusterSystem();
beforeAll(() => system.open());
afterAll(() => system.close());

let stopping: AbortController;
let done: Promise<unknown>;
let backend: KubernetesBackend;
const faults: unknown[] = [];

beforeEach(() => {
  stopping = new AbortController();
  const onFault = (what: string, error: unknown) => faults.push([what, error]);
  const cache = new WorkerCache(system.client, [system.namespace], (error) => faults.push(error));
  backend = new KubernetesBackend({
    client: system.client,
    storage: system.storage,
    cache,
    launcher: emptyConfig(),
    startTimeoutMs: 20_000,
    onFault,
  });
  done = Promise.all([
    cache.run(stopping.signal),
    runComputeLoop({
      storage: system.storage,
      backend,
      url: system.url,
      tokenSecret: system.tokenSecret,
      owner: "operator-1",
      clock: systemClock,
      signal: stopping.signal,
      onFault,
    }),
  ]);
});
afterEach(async () => {
  await backend.close();
  stopping.abort();
  await done;
});

describe("A run worker in the cluster", () => {
  test("makes a queued run a Job whose pod runs it to its success", async () => {
    const runId = await system.start("quick");
    const run = await system.ended(runId);
    expect([run.status, run.error, faults]).toEqual(["SUCCESS", null, []]);
    await system.said(runId, new RegExp(`Job ${system.namespace}/dagster-run-${runId} was created`));
    await system.said(runId, /^Pod dagster-run-.* runs on node node1, [0-9.]+ s after its Job was made/);
  });
});
