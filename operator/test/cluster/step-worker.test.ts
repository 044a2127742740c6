import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { POD } from "../../src/kube/resources.ts";
import { JOB, LABEL } from "../../src/run/job-template.ts";
import { ClusterSystem } from "./cluster-system.ts";

const system = new ClusterSystem();
let operator: ReturnType<ClusterSystem["operate"]>;
beforeAll(async () => {
  await system.open();
  operator = system.operate({ startTimeoutMs: 10_000 });
});
afterAll(async () => {
  await operator?.stop();
  await system.close();
});
const k8sJob = (config = {}) => ({ runConfig: { execution: { config: { k8s_job: config } } } });
const stepJobs = async (runId: string) => {
  const labelSelector = `${LABEL.runId}=${runId},${LABEL.component}=step-worker`;
  return (await system.client.list(JOB, system.namespace, { labelSelector })).items;
};

describe("The executor k8s_job", () => {
  test("runs each step in a Job of its own, in parallel where the graph allows", async () => {
    const runId = await system.start("parallel", k8sJob());
    const run = await system.ended(runId);
    expect([run.status, run.error, operator.faults]).toEqual(["SUCCESS", null, []]);
    const events = await system.events(runId);
    const order = events.filter(({ type }) => type === "STEP_START" || type === "STEP_SUCCESS");
    expect(order.filter(({ type }) => type === "STEP_SUCCESS")).toHaveLength(5);
    // The four parts start before the first of them has ended, and their sum is the last.
    expect(order.at(-1)).toMatchObject({ type: "STEP_SUCCESS", stepKey: "sum" });
    const jobs = await stepJobs(runId);
    expect(jobs.map(({ metadata }) => metadata.labels?.[LABEL.op]).sort()).toEqual([
      "part_0",
      "part_1",
      "part_2",
      "part_3",
      "sum",
    ]);
    expect(new Set(jobs.map(({ metadata }) => metadata.ownerReferences?.[0]?.name))).toEqual(
      new Set([runId]),
    );
  });

  test("lays the executor's config and per_step_k8s_config over the pods of steps", async () => {
    const runId = await system.start(
      "quick",
      k8sJob({
        labels: { team: "data" },
        per_step_k8s_config: { fine: { pod_template_spec_metadata: { annotations: { step: "fine" } } } },
      }),
    );
    expect((await system.ended(runId)).status).toBe("SUCCESS");
    const [job] = (await stepJobs(runId)) as unknown as {
      spec: { template: { metadata: { labels: object; annotations: object } } };
    }[];
    expect(job?.spec.template.metadata).toMatchObject({
      labels: { team: "data" },
      annotations: { step: "fine" },
    });
  });

  test("fails the step alone when its pod dies, with the reason and its last words", async () => {
    const runId = await system.start("dies", k8sJob());
    const run = await system.ended(runId);
    expect(run.status).toBe("FAILURE");
    const [step] = await system.storage.runs.steps(runId);
    expect(step?.error?.message).toContain("fatal: no luck");
    await system.said(runId, /^The worker of step dies_op ended: Error: pod .* ended with exit code 5/);
  });

  test("makes a step's pod that was deleted once more, and fails the step with the reason when its budget is used up", async () => {
    const tags = { "dagster-operator/infrastructure_retries": "1" };
    const runId = await system.start("hangs", { ...k8sJob(), tags });
    const labelSelector = `${LABEL.runId}=${runId},${LABEL.component}=step-worker`;
    const lose = async (name: RegExp) => {
      await system.said(runId, new RegExp(`^Pod ${name.source}.* runs on node`));
      const { items } = await system.client.list(POD, system.namespace, { labelSelector });
      const pod = items.find(({ metadata }) => name.test(metadata.name));
      await system.client.delete(POD, system.namespace, pod?.metadata.name ?? "", { gracePeriodSeconds: 0 });
    };
    await lose(/dagster-step-[0-9a-f-]+/);
    await system.said(runId, /^Deleted: .* to do step .* again \(infrastructure retry 1 of at most 1\)/);
    expect((await system.storage.runs.get(runId))?.status).toBe("STARTED");
    await lose(/dagster-step-[0-9a-f-]+-r1/);
    expect((await system.ended(runId)).status).toBe("FAILURE");
    expect((await system.storage.runs.steps(runId))[0]?.error?.message).toContain("Deleted");
  });

  test("keeps to a pool's limit, though its steps could all run at once", async () => {
    await system.storage.pools.setLimit("narrow", 1);
    const runId = await system.start("narrow", k8sJob());
    expect((await system.ended(runId)).status).toBe("SUCCESS");
    const order = (await system.events(runId))
      .filter(({ type }) => type === "STEP_START" || type === "STEP_SUCCESS")
      .sort((a, b) => a.ts - b.ts);
    expect(order.map(({ type }) => type)).toEqual([0, 1, 2].flatMap(() => ["STEP_START", "STEP_SUCCESS"]));
  });

  test("goes on with a new run worker when that is lost: no finished step again, none under way left behind; then fails with the reason", async () => {
    const tags = { "dagster-operator/infrastructure_retries": "1" };
    const runId = await system.start("works_then_hangs", { ...k8sJob(), tags });
    const lose = async (attempt: number) => {
      await system.said(runId, new RegExp(`^hanging in attempt ${attempt}`));
      const pod = await system.podOf(`dagster-run-${runId}${attempt > 1 ? `-${attempt}` : ""}`);
      const under = (await stepJobs(runId)).filter(({ metadata }) => metadata.labels?.[LABEL.op] === "waits");
      await system.client.delete(POD, system.namespace, pod, { gracePeriodSeconds: 0 });
      for (const { metadata } of under) await system.gone(metadata.name);
    };
    await lose(1);
    await lose(2);
    const run = await system.ended(runId);
    expect([run.status, run.attempt]).toEqual(["FAILURE", 2]);
    expect(run.error?.message).toContain("was deleted while its worker ran");
    const started = (await system.events(runId)).filter(({ type }) => type === "STEP_START");
    expect(started.map(({ stepKey }) => stepKey)).toEqual(["works", "waits", "waits"]);
  });

  test("goes on to its end when its location is deleted meanwhile; what has not begun fails with the reason", async () => {
    const runId = await system.start("parallel", k8sJob());
    while (!(await system.events(runId)).some(({ type }) => type === "STEP_START"))
      await new Promise((resolve) => setTimeout(resolve, 50));
    await system.storage.locations.remove("here", "uid-here");
    const late = await system.start("quick");
    expect((await system.ended(late)).error?.message).toContain("was its CodeLocation deleted?");
    const run = await system.ended(runId);
    expect([run.status, run.error]).toEqual(["SUCCESS", null]);
    await system.locate();
  });

  test("removes every step's Job when the run is canceled", async () => {
    const runId = await system.start("hangs", k8sJob());
    await system.said(runId, /^Pod dagster-step-.* runs on node/);
    await system.storage.runs.cancel(runId);
    expect((await system.ended(runId)).status).toBe("CANCELED");
    for (const { metadata } of await stepJobs(runId)) await system.gone(metadata.name);
    expect(await stepJobs(runId)).toEqual([]);
  });
});
