/** The real cluster of $KUBECONFIG as a test holds it: namespaces of its own, and an operator in this process. */
import { randomBytes } from "node:crypto";
import type { Storage, Workspace } from "@dagster-operator/engine";
import { eventually } from "@dagster-operator/engine/testing";
import { compose, type MakePart, type Operator } from "../../src/compose.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import type { KubeObject, Resource } from "../../src/kube/object.ts";
import { OperatorMetrics } from "../../src/metrics.ts";
import { serveKinds } from "./serve-kinds.ts";

const NAMESPACE: Resource = { apiVersion: "v1", kind: "Namespace", plural: "namespaces" };
export const EVENT: Resource = { apiVersion: "v1", kind: "Event", plural: "events" };
interface KubeEvent extends KubeObject {
  reason: string;
  involvedObject: { name: string };
}

/** Resolves when Events with these reasons tell of the object: they come after what they tell of. */
export async function told(
  client: KubeClient,
  namespace: string,
  name: string,
  ...reasons: string[]
): Promise<void> {
  await eventually(`Events ${reasons.join(", ")} tell of ${name}`, async () => {
    const { items } = await client.list<KubeEvent>(EVENT, namespace);
    const known = items.filter(({ involvedObject }) => involvedObject.name === name);
    return reasons.every((reason) => known.some((event) => event.reason === reason));
  });
}

export class Cluster {
  readonly client: KubeClient;
  readonly #namespaces: string[] = [];
  readonly #operators: (() => Promise<void>)[] = [];

  constructor(client: KubeClient) {
    this.client = client;
  }

  /** @throws Error $KUBECONFIG is not set: these tests never take the cluster that happens to be the default */
  static async open(): Promise<Cluster> {
    if (!process.env.KUBECONFIG) throw new Error("set KUBECONFIG, or run `make e2e`");
    const cluster = new Cluster(new KubeClient(loadConfig(), { qps: 1000, burst: 1000 }));
    await serveKinds(cluster.client);
    return cluster;
  }

  async namespace(): Promise<string> {
    const name = `test-${randomBytes(4).toString("hex")}`;
    await this.client.create(NAMESPACE, { metadata: { name } });
    this.#namespaces.push(name);
    return name;
  }

  /** An operator that watches these namespaces; the first is its home. */
  async operator(
    namespaces: string[],
    parts: MakePart[],
    more: { identity?: string; storage: Storage; workspace?: Workspace },
  ): Promise<{ operator: Operator; log: unknown[]; stop: () => Promise<void> }> {
    const log: unknown[] = [];
    const write = (fields: Record<string, unknown>, message: string) =>
      void log.push({ message, ...fields, error: String(fields.error) });
    const operator = compose(
      {
        client: this.client,
        storage: more.storage,
        workspace: more.workspace,
        metrics: new OperatorMetrics(),
        log: { info: write, warn: write, error: write },
        namespace: namespaces[0] ?? "",
        watchNamespaces: namespaces,
        leaseName: "dagster-operator",
        identity: more.identity ?? "test",
      },
      parts,
    );
    const abort = new AbortController();
    const running = operator.run(abort.signal);
    let stopped = false;
    const stop = async () => {
      if (stopped) return;
      stopped = true;
      abort.abort();
      await running;
    };
    this.#operators.push(stop);
    await eventually("the operator leads", () => operator.leads());
    return { operator, log, stop };
  }

  /** Removes what the tests made. Objects with a finalizer need their operator for that, so namespaces go first. */
  async close(finalized: Resource[] = []): Promise<void> {
    for (const stop of this.#operators.splice(0)) await stop();
    for (const namespace of this.#namespaces.splice(0)) {
      for (const resource of finalized)
        for (const { metadata } of (await this.client.list(resource, namespace)).items)
          await this.client.merge(resource, namespace, metadata.name, { metadata: { finalizers: null } });
      await this.client.delete(NAMESPACE, undefined, namespace);
    }
    this.client.close();
  }
}
