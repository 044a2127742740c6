/** A node without a kubelet: a Node object and its Lease, and pods that are told to run. The scheduler and the controllers are real. */
import { randomUUID } from "node:crypto";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject, Resource } from "../../src/kube/object.ts";
import { POD, type Pod } from "../../src/kube/resources.ts";

const NODE: Resource = { apiVersion: "v1", kind: "Node", plural: "nodes" };
const LEASE: Resource = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", plural: "leases" };
/** Keeps away who does not tolerate it. */
export const TAINT = { key: "tests/lost-node", effect: "NoSchedule" };
const LEASES = "kube-node-lease";

export class LostNode {
  readonly name = `lost-${randomUUID().slice(0, 8)}`;
  /** A label that pods select: of this node alone until it is lost. */
  readonly selector = { [`tests/${this.name}`]: "yes" };
  readonly #client: KubeClient;
  readonly #timers: NodeJS.Timeout[] = [];
  #others: string[] = [];

  constructor(client: KubeClient) {
    this.#client = client;
  }

  async join(): Promise<void> {
    this.#others = (await this.#client.list(NODE, undefined)).items.map(({ metadata }) => metadata.name);
    await this.#client.create(NODE, {
      metadata: { name: this.name, labels: this.selector },
      spec: { taints: [TAINT] },
    } as KubeObject);
    const room = { cpu: "8", memory: "16Gi", pods: "20" };
    await this.#ready("True", { capacity: room, allocatable: room });
    const lease = (renewTime: string) => ({
      metadata: { name: this.name },
      spec: { holderIdentity: this.name, leaseDurationSeconds: 40, renewTime },
    });
    const now = () => `${new Date().toISOString().slice(0, -1)}000Z`;
    await this.#client.create(LEASE, { ...lease(now()), metadata: { name: this.name, namespace: LEASES } });
    this.#every(5_000, () => this.#client.merge(LEASE, LEASES, this.name, lease(now())));
    // What a kubelet tells of a pod that it has started.
    this.#every(250, async () => {
      for (const pod of await this.pods())
        if (pod.status?.phase === "Pending")
          await this.#client.merge(POD, pod.metadata.namespace, pod.metadata.name, running(pod), "status");
    });
  }

  async pods(): Promise<Pod[]> {
    const { items } = await this.#client.list<Pod>(POD, undefined, {
      fieldSelector: `spec.nodeName=${this.name}`,
    });
    return items;
  }

  /** Nothing is heard of it any more. What its label selected may go to the other nodes from now on. */
  async lose(): Promise<void> {
    this.#stop();
    for (const other of this.#others)
      await this.#client.merge(NODE, undefined, other, { metadata: { labels: this.selector } });
    // As the node controller does once its lease has been old for 50 s.
    await this.#ready("Unknown");
  }

  async leave(): Promise<void> {
    this.#stop();
    const [label = ""] = Object.keys(this.selector);
    for (const other of this.#others)
      await this.#client.merge(NODE, undefined, other, { metadata: { labels: { [label]: null } } });
    await this.#client.delete(LEASE, LEASES, this.name);
    await this.#client.delete(NODE, undefined, this.name);
  }

  async #ready(status: "True" | "Unknown", more = {}): Promise<void> {
    const time = new Date().toISOString();
    const ready = {
      type: "Ready",
      status,
      reason: "Test",
      lastHeartbeatTime: time,
      lastTransitionTime: time,
    };
    await this.#client.merge(
      NODE,
      undefined,
      this.name,
      { status: { conditions: [ready], ...more } },
      "status",
    );
  }

  #every(ms: number, act: () => Promise<unknown>): void {
    // What fails is done again in a moment.
    this.#timers.push(setInterval(() => void act().catch(() => undefined), ms));
  }

  #stop(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }
}

function running(pod: Pod): { status: object } {
  const startedAt = new Date().toISOString();
  const containerStatuses = (pod.spec?.containers ?? []).map(({ name }) => ({
    name,
    image: "none",
    imageID: "none",
    ready: true,
    restartCount: 0,
    started: true,
    state: { running: { startedAt } },
  }));
  return { status: { phase: "Running", startTime: startedAt, containerStatuses } };
}
