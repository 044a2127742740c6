/** Does for pods that no scheduler takes what a kubelet and a run worker would: they run, their run has its events, they end. */
import type { Storage } from "@dagster-operator/engine";
import type { RunEvent } from "@dagster-operator/sdk/internal";
import type { KubeClient } from "../../operator/src/kube/client.ts";
import { POD, type Pod } from "../../operator/src/kube/resources.ts";
import { Informer } from "../../operator/src/runtime/informer.ts";

/** Name of a scheduler that is not there. */
export const NO_SCHEDULER = "nobody";

export class FakeKubelet {
  readonly #client: KubeClient;
  readonly #storage: Storage;
  readonly #seen = new Set<string>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly faults: unknown[] = [];

  constructor(client: KubeClient, storage: Storage, namespace: string) {
    this.#client = client;
    this.#storage = storage;
    const informer = new Informer<Pod>({ client, resource: POD, namespace, labelSelector: "dagster/run-id" });
    informer.onChange((pod) => {
      const uid = pod?.metadata.uid ?? "";
      if (!pod || this.#seen.has(uid)) return;
      this.#seen.add(uid);
      this.#run(pod).catch((error) => this.faults.push(error));
    });
    this.#running = informer.run(this.#stop.signal);
  }

  async #run(pod: Pod): Promise<void> {
    const { "dagster/run-id": runId = "", "dagster-operator.io/attempt": attempt = "1" } =
      pod.metadata.labels ?? {};
    const at = new Date().toISOString();
    await this.#status(pod, "Running", { running: { startedAt: at } });
    const event = (type: "RUN_START" | "RUN_SUCCESS", seq: number) => ({
      seq,
      event: { type, ts: Date.now(), level: "INFO", message: type } as RunEvent,
    });
    const from = { runId, producer: `worker:${attempt}`, attempt: Number(attempt) };
    await this.#storage.events.append({ ...from, events: [event("RUN_START", 1)] });
    await this.#storage.events.append({ ...from, events: [event("RUN_SUCCESS", 2)] });
    const terminated = { exitCode: 0, startedAt: at, finishedAt: new Date().toISOString() };
    await this.#status(pod, "Succeeded", { terminated });
  }

  async #status({ metadata, spec }: Pod, phase: string, state: object): Promise<void> {
    const [container] = spec?.containers ?? [];
    const name = container?.name ?? "dagster";
    const running = phase === "Running";
    const status = {
      phase,
      startTime: metadata.creationTimestamp,
      containerStatuses: [{ name, state, ready: running, restartCount: 0, image: "x", imageID: "x" }],
    };
    await this.#client.merge(POD, metadata.namespace, metadata.name, { status }, "status");
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
