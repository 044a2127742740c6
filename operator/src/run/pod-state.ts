/** What a worker's pod says about itself. Pure. */
import type { WorkerExit } from "@dagster-operator/engine";
import type { ContainerStatus, Pod } from "../kube/resources.ts";

/** The end of a worker; `cause` is one CamelCase word for conditions and Events. */
export interface WorkerEnd extends Pick<WorkerExit, "reason" | "message"> {
  cause: string;
}
/** Why a pod does not start. `terminal`: waiting cannot help. */
export interface StartTrouble {
  cause: string;
  message: string;
  terminal: boolean;
  /** How long it may go on, in milliseconds; null = until the start timeout. */
  graceMs: number | null;
}

const SIGNALS: Record<number, string> = {
  1: "SIGHUP",
  2: "SIGINT",
  6: "SIGABRT",
  9: "SIGKILL",
  11: "SIGSEGV",
  15: "SIGTERM",
};
const IMAGE_GRACE_MS = 60_000;
const CONFIG_GRACE_MS = 30_000;

/** The worker's own container: the first, sidecars come after it. */
function worker(pod: Pod): ContainerStatus | undefined {
  const name = pod.spec?.containers?.[0]?.name;
  return pod.status?.containerStatuses?.find((status) => status.name === name);
}

/** True once the worker's process was started. */
export const hasStarted = (pod: Pod): boolean => {
  const state = worker(pod)?.state;
  return state?.running !== undefined || state?.terminated !== undefined;
};

/** How the worker ended, or null while it has not. `expected`: we have deleted the pod ourselves. */
export function workerEnd(pod: Pod, expected = false): WorkerEnd | null {
  const { phase, reason, message = "", conditions = [] } = pod.status ?? {};
  const name = `pod ${pod.metadata.name}`;
  const where = pod.spec?.nodeName ? ` on node ${pod.spec.nodeName}` : "";
  const disrupted = conditions.find(({ type, status }) => type === "DisruptionTarget" && status === "True");
  const terminated = worker(pod)?.state?.terminated;
  if (terminated?.exitCode === 0)
    return { reason: "completed", cause: "Completed", message: `${name} ended` };
  const words = terminated?.message?.trim();
  const last = words ? `; its last words: ${words}` : "";
  if (disrupted && (terminated || phase === "Failed")) {
    const cause = DISRUPTIONS[disrupted.reason ?? ""] ?? "Disrupted";
    return {
      reason: "lost",
      cause,
      message: `${name} was disrupted (${cause})${where}: ${disrupted.message ?? message}${last}`,
    };
  }
  if (phase === "Failed" && reason === "Evicted")
    return { reason: "lost", cause: "Evicted", message: `${name} was evicted${where}: ${message}${last}` };
  if (phase === "Failed" && reason === "DeadlineExceeded")
    return {
      reason: "killed",
      cause: "DeadlineExceeded",
      message: `${name} ran longer than it may: ${message}${last}`,
    };
  if (phase === "Failed" && (reason === "NodeLost" || reason === "NodeShutdown" || reason === "Shutdown"))
    return {
      reason: "lost",
      cause: "NodeLost",
      message: `${name} went with its node${where}: ${message}${last}`,
    };
  if (terminated) {
    const { exitCode } = terminated;
    if (terminated.reason === "OOMKilled")
      return {
        reason: "oom",
        cause: "OOMKilled",
        message: `${name} used more memory than its limit allows and was killed (OOMKilled)${where}; raise resources.limits.memory${last}`,
      };
    if (terminated.reason === "ContainerCannotRun" || terminated.reason === "StartError")
      return {
        reason: "start_failed",
        cause: terminated.reason,
        message: `${name} could not run its command${where}${last}`,
      };
    if (pod.metadata.deletionTimestamp && !expected)
      return {
        reason: "lost",
        cause: "Deleted",
        message: `${name} was deleted while its worker ran, by a person or another program (exit code ${exitCode})${where}${last}`,
      };
    const signal = SIGNALS[exitCode - 128];
    if (signal)
      return {
        reason: "killed",
        cause: "Killed",
        message: `${name} was killed by ${signal} (exit code ${exitCode})${where}${last}`,
      };
    return {
      reason: "crashed",
      cause: "Error",
      message: `${name} ended with exit code ${exitCode}${where}${last}`,
    };
  }
  if (phase !== "Failed" && phase !== "Succeeded") return null;
  const init = pod.status?.initContainerStatuses?.find(
    ({ state }) => (state?.terminated?.exitCode ?? 0) !== 0,
  );
  if (init) {
    const { exitCode = 1, message: said } = init.state?.terminated ?? {};
    return {
      reason: "start_failed",
      cause: "InitContainerFailed",
      message: `init container ${init.name} of ${name} ended with exit code ${exitCode}${said ? `: ${said.trim()}` : ""}`,
    };
  }
  return {
    reason: "lost",
    cause: reason ?? "PodFailed",
    message: `${name} failed${where}: ${[reason, message].filter(Boolean).join(": ") || "no reason is given"}`,
  };
}

const DISRUPTIONS: Record<string, string> = {
  PreemptionByScheduler: "Preempted",
  DeletionByTaintManager: "NodeLost",
  EvictionByEvictionAPI: "Evicted",
  DeletionByPodGC: "NodeLost",
  TerminationByKubelet: "Evicted",
};

/** What became of a worker whose pod is gone without having told its end. */
export function vanished(pod: Pod, expected = false): WorkerEnd {
  const end = workerEnd(pod, expected);
  if (end) return end;
  const disrupted = pod.status?.conditions?.find(
    ({ type, status }) => type === "DisruptionTarget" && status === "True",
  );
  const cause = DISRUPTIONS[disrupted?.reason ?? ""] ?? "Deleted";
  const what = hasStarted(pod) ? "while its worker ran" : "before its worker had started";
  return {
    reason: "lost",
    cause,
    message: `pod ${pod.metadata.name} was deleted ${what}${disrupted?.message ? ` (${disrupted.message})` : ", by a person or another program"}`,
  };
}

/** How long after its deadline a pod may take to be gone (ms). */
const KUBELET_MS = 15_000;

/** When a pod that is being deleted must be gone, in milliseconds since 1970; null: nobody deletes it. */
export function goneBy(pod: Pod): number | null {
  const deadline = Date.parse(pod.metadata.deletionTimestamp ?? "");
  return Number.isNaN(deadline) ? null : deadline + KUBELET_MS;
}

/** A worker whose pod should have been gone by now: nobody on its node is there to end it, nor to say that it has ended. */
export function unreachable(pod: Pod): WorkerEnd {
  const { reason, message } =
    pod.status?.conditions?.find(({ type, status }) => type === "DisruptionTarget" && status === "True") ??
    {};
  const why = message ? ` (${reason}: ${message})` : "";
  return {
    reason: "lost",
    cause: "NodeLost",
    message: `pod ${pod.metadata.name} was to end until ${pod.metadata.deletionTimestamp}${why} and nothing was heard of it: its node ${pod.spec?.nodeName ?? ""} does not answer`,
  };
}

const IMAGE_REASONS = new Set([
  "ImagePullBackOff",
  "ErrImagePull",
  "ErrImageNeverPull",
  "InvalidImageName",
  "ImageInspectError",
  "RegistryUnavailable",
]);
const CONFIG_REASONS = new Set(["CreateContainerConfigError", "CreateContainerError", "RunContainerError"]);

/** Why it does not start, as far as the pod knows; null when it has started, or nothing is wrong. */
export function startTrouble(pod: Pod): StartTrouble | null {
  if (hasStarted(pod)) return null;
  const { conditions = [], containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  for (const { name, state } of [...initContainerStatuses, ...containerStatuses]) {
    const { reason = "", message = "" } = state?.waiting ?? {};
    if (IMAGE_REASONS.has(reason)) {
      // The back-off's own message says no more than its name.
      const cause = reason === "ErrImagePull" ? "ImagePullBackOff" : reason;
      const terminal = reason === "InvalidImageName" || reason === "ErrImageNeverPull";
      return {
        cause,
        terminal,
        graceMs: IMAGE_GRACE_MS,
        message: `the image of container ${name} cannot be pulled: ${message}`,
      };
    }
    if (CONFIG_REASONS.has(reason))
      return {
        cause: reason,
        terminal: false,
        graceMs: CONFIG_GRACE_MS,
        message: `container ${name} cannot be created: ${message}`,
      };
  }
  const scheduled = conditions.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False" && scheduled.reason === "Unschedulable")
    return {
      cause: "Unschedulable",
      terminal: false,
      graceMs: null,
      message: `no node takes the pod: ${scheduled.message ?? ""}`,
    };
  return null;
}
