import { describe, expect, test } from "@jest/globals";
import type { ContainerState, Pod } from "../src/kube/resources.ts";
import { goneBy, startTrouble, unreachable, vanished, workerEnd } from "../src/run/pod-state.ts";

function pod(status: Partial<NonNullable<Pod["status"]>>, state?: ContainerState, metadata = {}): Pod {
  return {
    metadata: { name: "p", ...metadata },
    spec: { nodeName: "node1", containers: [{ name: "dagster" }, { name: "proxy" }] },
    status: { ...status, ...(state && { containerStatuses: [{ name: "dagster", state }] }) },
  };
}
const ended = (exitCode: number, more = {}): ContainerState => ({ terminated: { exitCode, ...more } });
const disrupted = (reason: string) => ({
  phase: "Failed",
  conditions: [{ type: "DisruptionTarget", status: "True", reason, message: "because" }],
});

describe("The end of a worker", () => {
  test.each<[string, Pod, object | null]>([
    ["running: none", pod({ phase: "Running" }, { running: {} }), null],
    [
      "exit 0, while a sidecar still runs: completed",
      pod({ phase: "Running" }, ended(0)),
      { reason: "completed" },
    ],
    ["exit 5: crashed", pod({ phase: "Failed" }, ended(5)), { reason: "crashed", cause: "Error" }],
    ["SIGKILL from outside", pod({ phase: "Failed" }, ended(137)), { reason: "killed", cause: "Killed" }],
    [
      "too much memory",
      pod({ phase: "Failed" }, ended(137, { reason: "OOMKilled" })),
      { reason: "oom", cause: "OOMKilled" },
    ],
    [
      "evicted by the kubelet",
      pod({ phase: "Failed", reason: "Evicted", message: "disk" }),
      { reason: "lost", cause: "Evicted" },
    ],
    ["preempted", pod(disrupted("PreemptionByScheduler"), ended(1)), { reason: "lost", cause: "Preempted" }],
    ["its node is gone", pod(disrupted("DeletionByTaintManager")), { reason: "lost", cause: "NodeLost" }],
    ["drained", pod(disrupted("EvictionByEvictionAPI"), ended(143)), { reason: "lost", cause: "Evicted" }],
    [
      "ran too long",
      pod({ phase: "Failed", reason: "DeadlineExceeded" }),
      { reason: "killed", cause: "DeadlineExceeded" },
    ],
    [
      "command not found",
      pod({ phase: "Failed" }, ended(128, { reason: "StartError" })),
      { reason: "start_failed", cause: "StartError" },
    ],
    [
      "deleted by hand",
      pod({ phase: "Failed" }, ended(1), { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      { reason: "lost", cause: "Deleted" },
    ],
    [
      "an init container failed",
      {
        ...pod({
          phase: "Failed",
          initContainerStatuses: [{ name: "wait", state: ended(2, { message: "no db" }) }],
        }),
      },
      { reason: "start_failed", cause: "InitContainerFailed", message: expect.stringContaining("no db") },
    ],
    ["failed for no reason given", pod({ phase: "Failed" }), { reason: "lost", cause: "PodFailed" }],
  ])("%s", (_name, given, wanted) => {
    const end = workerEnd(given);
    if (wanted === null) expect(end).toBeNull();
    else expect(end).toMatchObject(wanted);
  });

  test("carries the last words of the container", () => {
    expect(workerEnd(pod({ phase: "Failed" }, ended(1, { message: "fatal: no luck\n" })))?.message).toMatch(
      /its last words: fatal: no luck$/,
    );
  });

  test("is not heard of when its node is gone: it is lost a while after its pod's deadline", () => {
    const deletionTimestamp = "2026-01-01T00:00:30Z";
    const running = { phase: "Running", conditions: disrupted("DeletionByTaintManager").conditions };
    const given = pod(running, { running: {} }, { deletionTimestamp });
    expect(workerEnd(given)).toBeNull();
    expect(goneBy(pod(running, { running: {} }))).toBeNull();
    expect(goneBy(given)).toBeGreaterThan(Date.parse(deletionTimestamp));
    expect(unreachable(given)).toMatchObject({
      reason: "lost",
      cause: "NodeLost",
      message: expect.stringMatching(/because.*its node node1 does not answer$/),
    });
  });

  test("by our own deletion is a kill with its signal, not a loss", () => {
    const given = pod({ phase: "Failed" }, ended(137), { deletionTimestamp: "2026-01-01T00:00:00Z" });
    expect(workerEnd(given, true)).toMatchObject({
      reason: "killed",
      message: expect.stringContaining("SIGKILL"),
    });
  });

  test("of a pod that vanished is told by how far it had come", () => {
    expect(vanished(pod({ phase: "Pending" })).message).toContain("before its worker had started");
    expect(vanished(pod({ phase: "Running" }, { running: {} })).message).toContain("while its worker ran");
    expect(vanished(pod({ phase: "Succeeded" }, ended(0))).reason).toBe("completed");
  });
});

describe("What keeps a pod from starting", () => {
  const waiting = (reason: string) =>
    startTrouble(pod({ phase: "Pending" }, { waiting: { reason, message: "m" } }));

  test("an image that cannot be pulled has time to come, a name that is none has not", () => {
    expect(waiting("ErrImagePull")).toMatchObject({ cause: "ImagePullBackOff", terminal: false });
    expect(waiting("ImagePullBackOff")).toMatchObject({ cause: "ImagePullBackOff", terminal: false });
    expect(waiting("InvalidImageName")).toMatchObject({ cause: "InvalidImageName", terminal: true });
  });

  test("config that is missing has a shorter time", () => {
    expect(waiting("CreateContainerConfigError")).toMatchObject({
      graceMs: 30_000,
      message: expect.stringContaining("m"),
    });
  });

  test("no node that takes it is waited for until the start timeout", () => {
    const conditions = [
      { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes" },
    ];
    expect(startTrouble(pod({ phase: "Pending", conditions }))).toMatchObject({
      cause: "Unschedulable",
      graceMs: null,
    });
  });

  test("nothing, while it is made or when it runs", () => {
    expect(waiting("ContainerCreating")).toBeNull();
    expect(startTrouble(pod({ phase: "Running" }, { running: {} }))).toBeNull();
  });
});
