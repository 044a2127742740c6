import type { ContainerStatus, Deployment, Pod } from "../kube/resources.ts";

/** Why a pod does not get ready, as a reason of the conditions. */
export interface Trouble {
  reason:
    | "ImagePullFailed"
    | "ContainerNotStarting"
    | "CrashLooping"
    | "OutOfMemory"
    | "Unschedulable"
    | "Evicted"
    | "PodsRefused";
  message: string;
}

const IMAGE = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"];
const CONTAINER = ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"];

/** The first thing that stands in the way of these pods, or null while none does. Pure. */
export function troubleOf(pods: readonly Pod[], deployment: Deployment | null): Trouble | null {
  for (const pod of pods) {
    const trouble = podTrouble(pod);
    if (trouble !== null) return trouble;
  }
  const refused = deployment?.status?.conditions?.find(({ type }) => type === "ReplicaFailure");
  return refused?.status === "True"
    ? { reason: "PodsRefused", message: `no pod can be made: ${refused.message ?? refused.reason}` }
    : null;
}

function podTrouble({ metadata, status }: Pod): Trouble | null {
  if (status?.phase === "Failed")
    return {
      reason: "Evicted",
      message: `pod ${metadata.name}: ${status.reason ?? "Failed"}: ${status.message ?? ""}`,
    };
  for (const container of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const trouble = containerTrouble(metadata.name, container);
    if (trouble !== null) return trouble;
  }
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  return scheduled?.status === "False" && scheduled.reason === "Unschedulable"
    ? { reason: "Unschedulable", message: `no node takes the pod: ${scheduled.message ?? ""}` }
    : null;
}

function containerTrouble(pod: string, container: ContainerStatus): Trouble | null {
  const { waiting } = container.state ?? {};
  const reason = waiting?.reason ?? "";
  if (IMAGE.includes(reason))
    // The same words while Kubernetes goes to and fro between trying and waiting.
    return {
      reason: "ImagePullFailed",
      message: (waiting?.message ?? reason).replace(/^Back-off pulling image "[^"]*": \w+: /, ""),
    };
  if (CONTAINER.includes(reason))
    return {
      reason: "ContainerNotStarting",
      message: `container ${container.name}: ${waiting?.message ?? reason}`,
    };
  const ended = container.state?.terminated ?? container.lastState?.terminated;
  if (ended === undefined || container.ready || ended.exitCode === 0) return null;
  const words = ended.message ? `: ${ended.message.trim()}` : "";
  if (ended.reason === "OOMKilled")
    return {
      reason: "OutOfMemory",
      message: `container ${container.name} of pod ${pod} needed more memory than its limit; raise resources.limits.memory`,
    };
  return {
    reason: "CrashLooping",
    message: `container ${container.name} of pod ${pod} ended with exit code ${ended.exitCode}${words}`,
  };
}
