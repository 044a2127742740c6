/** Real pods: a run with one step beside a Job that starts Node and ends; 20 steps in Jobs of their own beside 20 such Jobs. */
import { randomUUID } from "node:crypto";
import type { KubeClient } from "../../../operator/src/kube/client.ts";
import type { KubeObject } from "../../../operator/src/kube/object.ts";
import { JOB } from "../../../operator/src/run/job-template.ts";
import type { BatchJob } from "../../../operator/src/run/worker-cache.ts";
import { ClusterSystem, HOST_IMAGE, HOST_POD } from "../../../operator/test/cluster/cluster-system.ts";
import { cluster } from "../cluster.ts";
import { type Line, median } from "../line.ts";
import { until } from "../system.ts";

const TIMES = 5;
const STEPS = 20;

/** The Job of a run without us: the same mounts and limits, and Node that ends at once. */
function rawJob(namespace: string): KubeObject {
  const { env, resources, volumes, volumeMounts } = HOST_POD;
  const container = {
    name: "raw",
    image: HOST_IMAGE,
    imagePullPolicy: "IfNotPresent",
    command: ["node", "-e", "0"],
    ...{ env, resources, volumeMounts },
  };
  const spec = {
    restartPolicy: "Never",
    securityContext: { runAsUser: 10001 },
    containers: [container],
    volumes,
  };
  return {
    metadata: { name: `raw-${randomUUID()}`, namespace },
    spec: { backoffLimit: 0, template: { spec } },
  } as KubeObject;
}

async function rawJobs(client: KubeClient, namespace: string, count: number): Promise<number> {
  const started = performance.now();
  const names = await Promise.all(
    Array.from({ length: count }, async () => (await client.create(JOB, rawJob(namespace))).metadata.name),
  );
  const ended = async (name: string) => {
    const { status } = await client.get<BatchJob>(JOB, namespace, name);
    return status?.conditions?.some((c) => c.type === "Complete" && c.status === "True") ?? false;
  };
  await Promise.all(names.map((name) => until(() => ended(name), { everyMs: 50 })));
  return (performance.now() - started) / 1000;
}

async function ourRun(system: ClusterSystem, job: string, runConfig = {}): Promise<number> {
  const started = performance.now();
  const { status, error } = await system.ended(await system.start(job, { runConfig }));
  if (status !== "SUCCESS") throw new Error(`the run of ${job} ended as ${status}: ${error?.message}`);
  return (performance.now() - started) / 1000;
}

export async function run(): Promise<Line[] | null> {
  const client = await cluster("cluster-pods");
  if (!client) return null;
  const system = new ClusterSystem();
  let operator: ReturnType<ClusterSystem["operate"]> | undefined;
  try {
    await system.open();
    operator = system.operate();
    const { namespace } = system;
    // The first of each pays for what is cold.
    await rawJobs(client, namespace, 1);
    await ourRun(system, "quick");
    const raw: number[] = [];
    const ours: number[] = [];
    for (let n = 0; n < TIMES; n++) {
      raw.push(await rawJobs(client, namespace, 1));
      ours.push(await ourRun(system, "quick"));
    }
    const raws = await rawJobs(client, namespace, STEPS);
    const steps = await ourRun(system, "twenty", { execution: { config: { k8s_job: {} } } });
    return [
      {
        name: `a run with one step, submit to end, median of ${TIMES}`,
        ours: median(ours),
        peer: { what: "a Job that starts Node", value: median(raw) },
        goal: "≤ 1.3 ×",
        unit: "s",
      },
      {
        name: `k8s_job with ${STEPS} parallel steps, submit to end`,
        ours: steps,
        peer: { what: `${STEPS} Jobs that start Node`, value: raws },
        goal: "≤ 1.2 ×",
        unit: "s",
      },
    ];
  } finally {
    await operator?.stop();
    await system.close();
    client.close();
  }
}
