import { customResourceDefinition, KINDS } from "@dagster-operator/engine/resources";
// By its file: bench/ uses this too, and the suites beside it load in Jest alone.
import { eventually } from "../../../engine/src/testing/manual-clock.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject, Resource } from "../../src/kube/object.ts";

const CRD: Resource = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
};
interface Established extends KubeObject {
  status?: { conditions?: { type: string; status: string }[] };
}

/** Brings the cluster our kinds, which each test file may be the first to need. */
export async function serveKinds(client: KubeClient): Promise<void> {
  for (const kind of KINDS) {
    const definition = customResourceDefinition(kind) as unknown as KubeObject;
    await client.apply(CRD, definition);
    await eventually(`${kind.plural} are served`, async () => {
      const { status } = await client.get<Established>(CRD, undefined, definition.metadata.name);
      return status?.conditions?.some(({ type, status }) => type === "Established" && status === "True");
    });
  }
}
