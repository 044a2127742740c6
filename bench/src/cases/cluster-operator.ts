/** The operator without a kubelet: launches a minute, what a run costs the API server, and memory with 1,000 Run objects. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { loadConfig } from "../../../operator/src/kube/config.ts";
import { ClusterSystem } from "../../../operator/test/cluster/cluster-system.ts";
import { Operators } from "../../../operator/test/cluster/operators.ts";
import { cluster } from "../cluster.ts";
import { FakeKubelet, NO_SCHEDULER } from "../fake-kubelet.ts";
import type { Line } from "../line.ts";
import { memoryOf, until } from "../system.ts";

const RUNS = 1_000;
/** Workflows a minute of one controller, as Argo's own scaling guide gives them. */
const ARGO_A_MINUTE = 810;

export async function run(): Promise<Line[] | null> {
  const client = await cluster("cluster-operator");
  if (!client) return null;
  const system = new ClusterSystem();
  let operators: Operators | undefined;
  let kubelet: FakeKubelet | undefined;
  try {
    await system.open();
    kubelet = new FakeKubelet(client, system.storage, system.namespace);
    // A rate limit of ours would only measure itself.
    Object.assign(process.env, { KUBE_API_QPS: "1000", KUBE_API_BURST: "1000" });
    operators = new Operators(system, loadConfig().server, 1);
    const operator = await operators.leader();
    const tags = {
      "dagster-k8s/config": JSON.stringify({ pod_spec_config: { scheduler_name: NO_SCHEDULER } }),
    };
    const started = performance.now();
    for (let n = 0; n < RUNS; n += 100)
      await Promise.all(Array.from({ length: 100 }, () => system.start("quick", { tags })));
    const successes = () => system.storage.runs.count({ statuses: ["SUCCESS"] });
    await until(async () => (await successes()) === RUNS, { everyMs: 250, timeoutMs: 900_000 });
    const minutes = (performance.now() - started) / 60_000;
    // The last statuses are written, and the heap is what it stays.
    await sleep(20_000);
    operator.send("writes");
    const [{ writes }] = (await once(operator, "message")) as [{ writes: Record<string, number> }];
    const written = Object.entries(writes).sort(([, a], [, b]) => b - a);
    console.error(`  writes a run: ${written.map(([what, n]) => `${what} ${n / RUNS}`).join(", ")}`);
    if (kubelet.faults.length > 0) throw kubelet.faults[0];
    return [
      {
        name: `launches a minute, ${RUNS} runs at once, no kubelet`,
        ours: RUNS / minutes,
        peer: { what: "Argo Workflows, as published", value: ARGO_A_MINUTE },
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
        ours: memoryOf(operator.pid ?? 0),
        goal: "≤ 120 MB",
        unit: "MB",
      },
    ];
  } finally {
    await kubelet?.close();
    await operators?.stop();
    await system.close();
    client.close();
  }
}
