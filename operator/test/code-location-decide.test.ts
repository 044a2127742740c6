import { CodeLocationSpec } from "@dagster-operator/engine/resources";
import { exampleLocation } from "@dagster-operator/engine/testing";
import { expect, test } from "@jest/globals";
import { type Answer, decide, type Observed } from "../src/code-location/decide.ts";
import { CONTAINER, TEMPLATE_LABEL } from "../src/code-location/names.ts";
import { runTemplate } from "../src/code-location/run-template.ts";
import type { Pod } from "../src/kube/resources.ts";

const NOW = "2026-11-23T12:00:00.000Z";
const EARLIER = "2026-11-23T11:00:00.000Z";
const counts = { assets: 2, jobs: 1, schedules: 0, sensors: 0 };
const loaded: Answer = { kind: "loaded", hash: "new", counts };
const failed: Answer = { kind: "failed", error: { name: "TypeError", message: "x is not a function" } };

function pod(
  version: "old" | "new",
  ready: boolean,
  container: Record<string, unknown> = { state: { running: {} } },
): Pod {
  return {
    metadata: { name: `${version}-${ready}`, labels: { [TEMPLATE_LABEL]: version } },
    spec: { containers: [{ name: CONTAINER, image: `shop:${version}` }] },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      containerStatuses: [{ name: CONTAINER, ready, imageID: `sha256:${version}`, ...container }],
    },
  };
}
const waiting = (reason: string, message: string) => ({ state: { waiting: { reason, message } } });

/** Generation 2 wants shop:new; generation 1 with shop:old served. */
function decided(over: Partial<Observed> & { spec?: CodeLocationSpec } = {}) {
  const spec = over.spec ?? CodeLocationSpec.parse({ image: "shop:new", file: "d.ts" });
  const { row, status, transitions } = decide({
    object: { name: "orders", namespace: "dagster", uid: "uid-1", generation: 2 },
    location: "orders",
    status: {},
    template: runTemplate(spec),
    templateHash: "new",
    deployment: null,
    pods: [],
    answer: null,
    objects: null,
    row: { ...exampleLocation({ image: "shop:old", definitionsHash: "old" }), updatedAt: 1 },
    now: NOW,
    ...over,
    spec,
  });
  return {
    row,
    status,
    transitions,
    told: status.conditions?.map(({ status, reason }) => `${status} ${reason}`),
    message: status.conditions?.[0]?.message,
  };
}

test("while the new version starts the old one serves, for new runs too, and Ready is not known", () => {
  const { row, told, message } = decided({ pods: [pod("old", true), pod("new", false)] });
  expect(row).toMatchObject({ state: "SERVING", generation: 1, image: "shop:old", error: null });
  expect(row.template).toEqual(exampleLocation().template);
  expect(told).toEqual(["Unknown RollingOut", "Unknown Starting", "True RollingOut"]);
  expect(message).toBe("the new version is starting; generation 1 goes on serving");
});

test("the new version serves from its first ready pod on", () => {
  const { row, status, told } = decided({ pods: [pod("old", true), pod("new", true)], answer: loaded });
  expect(row).toMatchObject({ state: "SERVING", generation: 2, image: "shop:new", definitionsHash: "new" });
  expect(status).toMatchObject({
    imageId: "sha256:new",
    counts,
    servingGeneration: 2,
    observedGeneration: 2,
  });
  expect(told).toEqual(["True Serving", "True Loaded", "True RollingOut"]);
  expect(decided({ pods: [pod("new", true)], answer: loaded }).told?.[2]).toBe("False Complete");
});

test("a new version that does not load is told everywhere, and the old one serves on", () => {
  const { row, status, told } = decided({ pods: [pod("old", true), pod("new", false)], answer: failed });
  expect(row).toMatchObject({
    state: "SERVING",
    generation: 1,
    image: "shop:old",
    error: { name: "TypeError" },
  });
  expect(told).toEqual(["False LoadError", "False LoadError", "False LoadError"]);
  expect(status.lastLoadError).toBe("TypeError: x is not a function");
});

test("a first version that does not load is an error with nothing that serves", () => {
  const { row, message } = decided({ pods: [pod("new", false)], answer: failed, row: null });
  expect(row).toMatchObject({ state: "ERROR", generation: 2, image: "shop:new", definitionsHash: null });
  expect(message).toBe("the code does not load: TypeError: x is not a function; nothing serves");
});

test("where the table was lost the image of the pods that serve is taken", () => {
  const { row } = decided({ pods: [pod("old", true), pod("new", false)], row: null });
  expect(row).toMatchObject({ state: "SERVING", image: "shop:old" });
});

test.each([
  ["ImagePullFailed", waiting("ErrImagePull", "no such image"), "no such image"],
  [
    "ImagePullFailed",
    waiting("ImagePullBackOff", 'Back-off pulling image "x:1": ErrImagePull: no such image'),
    "no such image",
  ],
  [
    "ContainerNotStarting",
    waiting("CreateContainerConfigError", 'secret "s" not found'),
    'container code-server: secret "s" not found',
  ],
  [
    "OutOfMemory",
    { ...waiting("CrashLoopBackOff", ""), lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } } },
    "raise resources.limits.memory",
  ],
  [
    "CrashLooping",
    {
      ...waiting("CrashLoopBackOff", ""),
      lastState: { terminated: { exitCode: 3, message: "last words\n" } },
    },
    "ended with exit code 3: last words",
  ],
])("%s is told of a pod, in the same words while Kubernetes tries again", (reason, container, message) => {
  const decision = decided({ pods: [pod("new", false, container)] });
  expect(decision.told?.[0]).toBe(`False ${reason}`);
  expect(decision.message).toContain(message);
  expect(decision.row).toMatchObject({ state: "ERROR", error: { name: reason } });
});

test("pods that are refused are told by their Deployment", () => {
  const conditions = [{ type: "ReplicaFailure", status: "True", message: "exceeded quota" }];
  const { told, message } = decided({ deployment: { metadata: { name: "d" }, status: { conditions } } });
  expect(told?.[0]).toBe("False PodsRefused");
  expect(message).toContain("exceeded quota");
});

test("paused and without replicas are no errors, and what was known stays", () => {
  const paused = decided({
    spec: CodeLocationSpec.parse({ image: "shop:new", file: "d.ts", paused: true }),
    status: { counts },
  });
  expect(paused.row).toMatchObject({ state: "PAUSED", endpoint: null, error: null });
  expect(paused.told).toEqual(["False Paused", "Unknown Paused", "False Paused"]);
  expect(paused.status.counts).toEqual(counts);
  const none = decided({ spec: CodeLocationSpec.parse({ image: "shop:new", file: "d.ts", replicas: 0 }) });
  expect(none.told).toEqual(["False NoReplicas", "Unknown NoReplicas", "False NoReplicas"]);
});

test("a transition is a new status or reason; the time moves with the status alone", () => {
  const before = {
    type: "Ready",
    status: "False",
    reason: "Starting",
    message: "m",
    observedGeneration: 1,
    lastTransitionTime: EARLIER,
  } as const;
  const { transitions, status } = decided({
    status: { conditions: [before] },
    pods: [pod("new", false)],
    answer: failed,
  });
  expect(transitions.map(({ type }) => type)).toEqual(["Ready", "DefinitionsLoaded", "Progressing"]);
  expect(status.conditions?.[0]?.lastTransitionTime).toBe(EARLIER);
  const again = decided({ status, pods: [pod("new", false)], answer: failed });
  expect(again.transitions).toEqual([]);
  expect(again.status).toEqual(status);
});
