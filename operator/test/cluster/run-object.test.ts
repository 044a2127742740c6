import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { KubeObject } from "../../src/kube/object.ts";
import { DAGSTER_JOB, RUN } from "../../src/kube/resources.ts";
import { JOB } from "../../src/run/job-template.ts";
import type { RunObject } from "../../src/run/run-objects.ts";
import { told } from "./cluster.ts";
import { ClusterSystem, HOST_IMAGE } from "./cluster-system.ts";

const system = new ClusterSystem();
let operator: ReturnType<ClusterSystem["operate"]>;
beforeAll(async () => {
  await system.open();
  // Nobody here knows their runs: of an earlier installation of this name, and of another one.
  await system.client.create(JOB, leftover("dagster-run-left", `${system.namespace}/operator`));
  await system.client.create(JOB, leftover("dagster-run-other", "elsewhere/operator"));
  operator = system.operate();
});
afterAll(async () => {
  await operator?.stop();
  await system.close();
});

const create = (name: string, spec: RunObject["spec"]) =>
  system.client.create<RunObject>(RUN, { metadata: { name, namespace: system.namespace }, spec });
const condition = ({ status }: RunObject, type: string) =>
  status?.conditions?.find((candidate) => candidate.type === type);
const vanished = async (name: string) => {
  while (await system.client.find(RUN, system.namespace, name))
    await new Promise((resolve) => setTimeout(resolve, 100));
};

describe("A Run object", () => {
  test("submits its run once, follows it to its end, and tells the story in its Events", async () => {
    await create("mine", { codeLocation: "here", job: "quick", tags: { team: "data" } });
    const object = await system.object("mine", ({ status }) => status?.phase === "SUCCESS");
    expect(object.status).toMatchObject({ stepsTotal: 1, stepsDone: 1, reason: "Succeeded" });
    expect(condition(object, "Succeeded")?.status).toBe("True");
    const runs = await system.storage.runs.list({ tags: [{ key: "team", values: ["data"] }] }, { limit: 10 });
    expect(runs.map(({ runId, codeVersion }) => [runId, codeVersion])).toEqual([
      [object.status?.runId, HOST_IMAGE],
    ]);
    const job = await system.client.get(JOB, system.namespace, `dagster-run-${object.status?.runId}`);
    expect(job.metadata.ownerReferences).toMatchObject([{ kind: "Run", name: "mine" }]);
    await told(system.client, system.namespace, "mine", "Submitted", "Succeeded");
    expect(operator.faults).toEqual([]);
  });

  test("with jobRef tells which job of which location that is", async () => {
    const { namespace } = system;
    await system.client.create(DAGSTER_JOB, {
      metadata: { name: "quick", namespace },
      spec: { codeLocation: "here", job: "quick" },
    } as KubeObject);
    await create("by-reference", { jobRef: { name: "quick" } });
    const { status } = await system.object("by-reference", (object) => object.status?.phase === "SUCCESS");
    expect(status).toMatchObject({ location: "here", job: "quick" });
  });

  test("selects assets", async () => {
    await create("assets", { codeLocation: "here", assetSelection: "numbers" });
    const object = await system.object("assets", ({ status }) => status?.phase === "SUCCESS");
    expect((await system.storage.runs.get(object.status?.runId ?? ""))?.assets).toEqual([["numbers"]]);
  });

  test("says what is wrong with it, and waits for a code location that may come", async () => {
    await create("wrong", { codeLocation: "here", assetSelection: "nothing_of_that_name" });
    const wrong = await system.object("wrong", ({ status }) => status?.phase === "FAILURE");
    expect(condition(wrong, "Submitted")).toMatchObject({ status: "False", reason: "Invalid" });
    await create("early", { codeLocation: "nowhere", job: "quick" });
    const early = await system.object("early", ({ status }) => status?.reason === "NotFound");
    expect(early.status?.message).toContain("nowhere");
    expect(early.status?.phase).toBe("QUEUED");
  });

  test("is canceled by spec.cancel", async () => {
    await create("patient", { codeLocation: "here", job: "hangs" });
    await system.object("patient", (object) => condition(object, "Running")?.status === "True");
    await system.client.merge(RUN, system.namespace, "patient", { spec: { cancel: true } });
    const object = await system.object("patient", ({ status }) => status?.phase === "CANCELED");
    expect(object.status?.reason).toBe("Canceled");
  });

  test("that is deleted cancels its run first, and takes Job and pod with it", async () => {
    await create("going", { codeLocation: "here", job: "hangs" });
    const { status } = await system.object(
      "going",
      (object) => condition(object, "Running")?.status === "True",
    );
    const runId = status?.runId ?? "";
    await system.client.delete(RUN, system.namespace, "going");
    await vanished("going");
    expect((await system.storage.runs.get(runId))?.status).toBe("CANCELED");
    expect(await system.gone(`dagster-run-${runId}`)).toBe(true);
  });

  test("goes with its Job after its time, success and failure apart, and the run stays", async () => {
    await system.locate({}, { template: { ttlAfterSuccess: 1, ttlAfterFailure: 3600 } });
    const fine = await system.start("quick");
    const bad = await system.start("throws");
    expect((await system.ended(fine)).status).toBe("SUCCESS");
    expect((await system.ended(bad)).status).toBe("FAILURE");
    await vanished(fine);
    await system.gone(`dagster-run-${fine}`);
    expect((await system.storage.runs.get(fine))?.stepsDone).toBe(1);
    expect(await system.client.find(JOB, system.namespace, `dagster-run-${bad}`)).not.toBeNull();
  });
});

test("a Job left from an earlier installation is swept away, and one of another is left alone", async () => {
  expect(await system.gone("dagster-run-left")).toBe(true);
  expect(await system.client.find(JOB, system.namespace, "dagster-run-other")).not.toBeNull();
});

test("a new leader takes over runs that are under way: none is lost, none starts twice", async () => {
  await system.locate();
  const runIds = await Promise.all(["hangs", "quick", "quick"].map((job) => system.start(job)));
  const [patient = ""] = runIds;
  await system.until(patient, ({ status }) => status === "STARTED");
  await operator.stop();
  const between = await system.start("quick");
  operator = system.operate();
  for (const runId of [...runIds.slice(1), between])
    expect((await system.ended(runId)).status).toBe("SUCCESS");
  const run = await system.storage.runs.get(patient);
  expect([run?.status, run?.attempt]).toEqual(["STARTED", 1]);
  await system.storage.runs.cancel(patient);
  expect((await system.ended(patient)).status).toBe("CANCELED");
});

function leftover(name: string, installation: string): KubeObject {
  const labels = {
    "app.kubernetes.io/managed-by": "dagster-operator",
    "app.kubernetes.io/component": "run-worker",
    "dagster/run-id": "11111111-1111-4111-8111-111111111111",
  };
  const container = { name: "dagster", image: HOST_IMAGE, imagePullPolicy: "Never" };
  return {
    metadata: {
      name,
      namespace: system.namespace,
      labels,
      annotations: { "dagster-operator.io/installation": installation },
    },
    spec: { template: { metadata: { labels }, spec: { restartPolicy: "Never", containers: [container] } } },
  };
}
