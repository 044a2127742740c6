/** The operator without a kubelet: launches a minute, what a run costs the API server, and memory with 1,000 Run objects. */
import { setTimeout as sleep } from "node:timers/promises";
import { JOB } from "../../../operator/src/run/job-template.ts";
import { WORKER_SELECTOR } from "../../../operator/src/run/worker-cache.ts";
import { Informer } from "../../../operator/src/runtime/informer.ts";
import { ClusterSystem } from "../../../operator/test/cluster/cluster-system.ts";
import { type BuiltOperator, startOperator } from "../built-operator.ts";
import { cluster } from "../cluster.ts";
import { FakeKubelet, NO_SCHEDULER } from "../fake-kubelet.ts";
import type { Line } from "../line.ts";
import { memoryOf, peakOf, until } from "../system.ts";

const RUNS = Number(process.env.RUNS ?? 1_000);
/** Workflows a minute of one controller, as Argo's own scaling guide gives them. */
const ARGO_A_MINUTE = 810;

export async function run(): Promise<Line[] | null> {
  const client = await cluster("cluster-operator");
  if (!client) return null;
  const system = new ClusterSystem();
  let operator: BuiltOperator | undefined;
  let kubelet: FakeKubelet | undefined;
  const stop = new AbortController();
  try {
    await system.open();
    kubelet = new FakeKubelet(client, system.storage, system.namespace);
    operator = await startOperator(system);
    const { broken } = operator;
    const tags = {
      "dagster-k8s/config": JSON.stringify({ pod_spec_config: { scheduler_name: NO_SCHEDULER } }),
    };
    const { namespace } = system;
    const jobs = new Informer({ client, resource: JOB, namespace, labelSelector: WORKER_SELECTOR });
    void jobs.run(stop.signal);
    const started = performance.now();
    for (let n = 0; n < RUNS; n += 100)
      await Promise.all(
        Array.from({ length: Math.min(100, RUNS - n) }, () => system.start("quick", { tags })),
      );
    const minutesUntil = async (probe: () => Promise<boolean>) => {
      await Promise.race([until(probe, { everyMs: 250, timeoutMs: 900_000 }), broken]);
      return (performance.now() - started) / 60_000;
    };
    const launched = await minutesUntil(async () => jobs.size === RUNS);
    const successes = () => system.storage.runs.count({ statuses: ["SUCCESS"] });
    const ended = await minutesUntil(async () => (await successes()) === RUNS);
    // The last statuses are written, and the heap is what it stays.
    await sleep(20_000);
    const writes = await operator.writes();
    const written = Object.entries(writes).sort(([, a], [, b]) => b - a);
    console.error(`  writes a run: ${written.map(([what, n]) => `${what} ${n / RUNS}`).join(", ")}`);
    if (kubelet.faults.length > 0) throw kubelet.faults[0];
    return [
      {
        name: `launches a minute: ${RUNS} runs at once until the last one has its Job`,
        ours: RUNS / launched,
        peer: { what: "Argo Workflows, as published", value: ARGO_A_MINUTE },
        unit: "a minute",
      },
      {
        name: "the same until the last one has ended, no kubelet; Kubernetes' Job controller makes the pods",
        ours: RUNS / ended,
        unit: "a minute",
      },
      {
        name: "writes to the API server for one run",
        ours: written.reduce((sum, [, n]) => sum + n, 0) / RUNS,
        goal: "≤ 12",
        unit: "writes",
      },
      {
        name: `memory of the operator with ${RUNS} Run objects`,
        ours: memoryOf(operator.pid),
        goal: "≤ 120 MB",
        unit: "MB",
      },
      {
        name: "the most that was resident meanwhile, pages shared with other processes too",
        ours: peakOf(operator.pid),
        unit: "MB",
      },
    ];
  } finally {
    stop.abort();
    await kubelet?.close();
    await operator?.close();
    await system.close();
    client.close();
  }
}
