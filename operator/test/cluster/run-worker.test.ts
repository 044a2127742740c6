import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { KubeObject } from "../../src/kube/object.ts";
import { POD } from "../../src/kube/resources.ts";
import { ClusterSystem, HOST_IMAGE } from "./cluster-system.ts";

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

describe("A run in the cluster", () => {
  test("is a Job whose pod runs it to its success, and a Run object that tells so", async () => {
    const runId = await system.start("quick");
    const run = await system.ended(runId);
    expect([run.status, run.error, operator.faults]).toEqual(["SUCCESS", null, []]);
    await system.said(runId, new RegExp(`Job ${system.namespace}/dagster-run-${runId} was created`));
    await system.said(runId, /^Pod dagster-run-.* runs on node node1, [0-9.]+ s after its Job was made/);
    const object = await system.object(runId, ({ status }) => status?.phase === "SUCCESS");
    expect(object.status).toMatchObject({ runId, stepsDone: 1, stepsTotal: 1, reason: "Succeeded" });
  });
});

describe("A worker that cannot do its duty", () => {
  const failed = async (runId: string, reason: string) => {
    const run = await system.ended(runId);
    expect(run.status).toBe("FAILURE");
    const object = await system.object(runId, ({ status }) => status?.phase === "FAILURE");
    expect(object.status?.reason).toBe(reason);
    return run.error?.message ?? "";
  };

  test("is OOMKilled: the run fails with that reason", async () => {
    const runId = await system.start("greedy");
    expect(await failed(runId, "OOMKilled")).toContain("raise resources.limits.memory");
    await system.said(runId, /OOMKilled/);
  });

  test("crashes: its last words are in the run", async () => {
    expect(await failed(await system.start("dies"), "Error")).toContain("fatal: no luck");
  });

  test("is lost twice: it goes on with a new pod that repeats no finished step, and fails when its budget is used up", async () => {
    const tags = { "dagster-operator/infrastructure_retries": "1" };
    const runId = await system.start("works_then_hangs", { tags });
    const lose = async (attempt: number) => {
      await system.until(runId, (run) => run.attempt === attempt && run.stepsDone === 1);
      const pod = await system.podOf(`dagster-run-${runId}${attempt > 1 ? `-${attempt}` : ""}`);
      await system.client.delete(POD, system.namespace, pod, { gracePeriodSeconds: 0 });
    };
    await lose(1);
    await system.said(runId, /was lost: pod .* was deleted .*\(infrastructure retry 1 of at most 1\)/);
    await system.said(runId, /^hanging in attempt 2/);
    await lose(2);
    await failed(runId, "Deleted");
    const started = (await system.events(runId)).filter(({ type }) => type === "STEP_START");
    expect(started.map((event) => event.stepKey)).toEqual(["works", "waits", "waits"]);
  });

  test("has an image that is not there: it is told at once, and the Job is gone after the start timeout", async () => {
    const runId = await system.start("quick", { codeVersion: "localhost/no-such-image:1" });
    await system.said(runId, /^ImagePullBackOff: the image of container dagster cannot be pulled/);
    await system.object(
      runId,
      ({ status }) => status?.conditions?.some(({ reason }) => reason === "ImagePullBackOff") ?? false,
    );
    expect(await failed(runId, "ImagePullBackOff")).toContain("no-such-image");
    expect(await system.gone(`dagster-run-${runId}`)).toBe(true);
  });

  test("asks for more than any node has: Unschedulable", async () => {
    const tags = {
      "dagster-k8s/config": '{"container_config": {"resources": {"requests": {"cpu": "500"}}}}',
    };
    const runId = await system.start("quick", { tags });
    await system.said(runId, /^Unschedulable: no node takes the pod: .*[Ii]nsufficient cpu/);
    expect(await failed(runId, "Unschedulable")).toContain("Insufficient cpu");
  });

  test("names a ConfigMap that is not there: CreateContainerConfigError", async () => {
    const tags = {
      "dagster-k8s/config": '{"container_config": {"env_from": [{"config_map_ref": {"name": "nowhere"}}]}}',
    };
    expect(await failed(await system.start("quick", { tags }), "CreateContainerConfigError")).toContain(
      "nowhere",
    );
  });

  test("has a tag that is no config: the run fails and says where", async () => {
    const tags = { "dagster-k8s/config": '{"container_config": {"imagee": "x"}}' };
    const run = await system.ended(await system.start("quick", { tags }));
    expect(run.error?.message).toContain("container_config.imagee is no field of Container");
  });
});

describe("A worker that has to give way", () => {
  const goesOn = async (runId: string) => {
    await system.until(runId, (run) => run.attempt === 2 && run.status === "STARTED");
    await system.storage.runs.cancel(runId);
    expect((await system.ended(runId)).status).toBe("CANCELED");
  };

  test("is evicted through the Eviction API, as a drained node does it: the run says so and goes on with a new pod", async () => {
    const runId = await system.start("hangs");
    await system.until(runId, ({ status }) => status === "STARTED");
    const name = await system.podOf(`dagster-run-${runId}`);
    await system.client.request({
      method: "POST",
      path: `/api/v1/namespaces/${system.namespace}/pods/${name}/eviction`,
      body: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: system.namespace } },
    });
    await system.said(runId, /was lost: pod .*[Ee]vict.*\(infrastructure retry 1 of at most 3\)/);
    await goesOn(runId);
  });

  test("is preempted by the scheduler for a pod of higher priority: the run says so and goes on when there is room again", async () => {
    // A resource of one node that nobody else asks for, so that no other pod is in the way.
    const seat = "dagster-operator.io/seat";
    const { client, namespace } = system;
    const [node] = (await client.list({ apiVersion: "v1", kind: "Node", plural: "nodes" }, undefined)).items;
    const seats = (count: string | null) =>
      client.request({
        method: "PATCH",
        path: `/api/v1/nodes/${node?.metadata.name}/status`,
        contentType: "application/merge-patch+json",
        body: { status: { capacity: { [seat]: count }, allocatable: { [seat]: count } } },
      });
    const CLASS = { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", plural: "priorityclasses" };
    const priorityClass = `low-${namespace}`;
    await seats("1");
    await client.create(CLASS, { metadata: { name: priorityClass }, value: -10 } as KubeObject);
    try {
      const resources = { requests: { [seat]: "1" }, limits: { [seat]: "1" } };
      const config = {
        container_config: { resources },
        pod_spec_config: { priority_class_name: priorityClass },
      };
      const runId = await system.start("hangs", { tags: { "dagster-k8s/config": JSON.stringify(config) } });
      await system.until(runId, ({ status }) => status === "STARTED");
      const container = { name: "first", image: HOST_IMAGE, imagePullPolicy: "IfNotPresent", resources };
      await client.create(POD, {
        metadata: { name: "urgent", namespace },
        spec: { containers: [container] },
      } as KubeObject);
      await system.said(runId, /was lost: pod .*[Pp]reempt.*\(infrastructure retry 1 of at most 3\)/);
      await client.delete(POD, namespace, "urgent", { gracePeriodSeconds: 0 });
      await goesOn(runId);
    } finally {
      await client.delete(CLASS, undefined, priorityClass);
      await seats(null);
    }
  });
});

describe("Canceling", () => {
  test("stops the worker, which reports it, and removes the Job", async () => {
    const runId = await system.start("hangs");
    await system.until(runId, ({ status }) => status === "STARTED");
    await system.storage.runs.cancel(runId);
    expect((await system.ended(runId)).status).toBe("CANCELED");
    await system.gone(`dagster-run-${runId}`);
    await system.object(runId, ({ status }) => status?.phase === "CANCELED");
  });
});
