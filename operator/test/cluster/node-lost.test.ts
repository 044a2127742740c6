import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ClusterSystem } from "./cluster-system.ts";
import { LostNode, TAINT } from "./lost-node.ts";

const system = new ClusterSystem();
const node = new LostNode(system.client);
let operator: ReturnType<ClusterSystem["operate"]>;
beforeAll(async () => {
  await system.open();
  operator = system.operate();
});
afterAll(async () => {
  await operator?.stop();
  await node.leave();
  await system.close();
});

/** Only there, until it is lost; and put away at once then, not after Kubernetes' 300 s. */
const there = {
  nodeSelector: node.selector,
  terminationGracePeriodSeconds: 1,
  tolerations: [
    { ...TAINT, operator: "Exists" },
    ...["not-ready", "unreachable"].map((what) => ({
      key: `node.kubernetes.io/${what}`,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 1,
    })),
  ],
};

test("a node is gone with pods on it: the runs say so, go on elsewhere or end with the reason, and nothing is left over", async () => {
  await node.join();
  const tags = { "dagster-k8s/config": JSON.stringify({ pod_spec_config: there }) };
  const resumed = await system.start("notes", { tags });
  const failed = await system.start("notes", {
    tags: { ...tags, "dagster-operator/infrastructure_retries": "0" },
  });
  const stepwise = await system.start("quick", {
    runConfig: { execution: { config: { k8s_job: { step_k8s_config: { pod_spec_config: there } } } } },
  });
  for (;;) {
    const pods = await node.pods();
    if (pods.filter(({ status }) => status?.phase === "Running").length === 3) break;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  for (const runId of [resumed, failed, stepwise])
    await system.said(runId, new RegExp(`^Pod .* runs on node ${node.name}`));

  await node.lose();
  const lost = `was to end until .* its node ${node.name} does not answer`;
  await system.said(resumed, new RegExp(`was lost: .*${lost}.*\\(infrastructure retry 1 of at most 3\\)`));
  expect(await system.ended(resumed)).toMatchObject({ status: "SUCCESS", attempt: 2 });
  expect(await system.ended(failed)).toMatchObject({ status: "FAILURE" });
  const object = await system.object(failed, ({ status }) => status?.phase === "FAILURE");
  expect(object.status?.reason).toBe("NodeLost");
  expect(object.status?.conditions).toContainEqual(
    expect.objectContaining({ type: "Succeeded", status: "False", reason: "NodeLost" }),
  );
  await system.said(stepwise, new RegExp(`^NodeLost: .*${lost}.*\\(infrastructure retry 1 of at most 3\\)`));
  expect(await system.ended(stepwise)).toMatchObject({ status: "SUCCESS", attempt: 1 });

  while ((await node.pods()).length > 0) await new Promise((resolve) => setTimeout(resolve, 250));
  expect(await system.gone(`dagster-run-${resumed}`)).toBe(true);
});
