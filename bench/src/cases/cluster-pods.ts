/**
 * Real pods of the image for user code: a run with one step beside a Job that starts Node and ends; 20 steps in Jobs of their own
 * beside 20 such Jobs.
 */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { KubeClient } from "../../../operator/src/kube/client.ts";
import type { KubeObject } from "../../../operator/src/kube/object.ts";
import { JOB } from "../../../operator/src/run/job-template.ts";
import type { BatchJob } from "../../../operator/src/run/worker-cache.ts";
import { ClusterSystem, HOST_POD } from "../../../operator/test/cluster/cluster-system.ts";
import { cluster } from "../cluster.ts";
import { type Line, median } from "../line.ts";
import { until } from "../system.ts";

const TIMES = 5;
const STEPS = 20;
const IMAGE = "docker.io/library/dagster-operator-user-code:0.1.0";
const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const CODE = fileURLToPath(new URL("../../../operator/test/cluster/code", import.meta.url));

/** The Job of a run without us: the same image and limits, and Node that ends at once. */
function rawJob(namespace: string): KubeObject {
  const container = {
    name: "raw",
    image: IMAGE,
    imagePullPolicy: "IfNotPresent",
    command: ["node", "-e", "0"],
    resources: HOST_POD.resources,
  };
  const spec = {
    restartPolicy: "Never",
    securityContext: { runAsUser: 10001 },
    containers: [container],
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
  const { status, error } = await system.ended(await system.start(job, { runConfig, codeVersion: IMAGE }));
  if (status !== "SUCCESS") throw new Error(`the run of ${job} ended as ${status}: ${error?.message}`);
  return (performance.now() - started) / 1000;
}

export async function run(): Promise<Line[] | null> {
  const client = await cluster("cluster-pods");
  if (!client) return null;
  execFileSync("bash", ["e2e/images/build.sh", "user-code"], { cwd: REPOSITORY, stdio: "inherit" });
  const system = new ClusterSystem();
  let operator: ReturnType<ClusterSystem["operate"]> | undefined;
  try {
    await system.open();
    await system.locate(
      {
        env: [{ name: "DAGSTER_OPERATOR_ARTIFACTS", value: "/artifacts" }],
        volumes: [
          { name: "code", hostPath: { path: CODE } },
          { name: "artifacts", hostPath: { path: system.artifacts } },
        ],
        volumeMounts: [
          { name: "code", mountPath: "/app", readOnly: true },
          { name: "artifacts", mountPath: "/artifacts" },
        ],
      },
      {
        image: IMAGE,
        template: { code: { language: "typescript", file: "definitions.js", workingDirectory: "/app" } },
      },
    );
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
