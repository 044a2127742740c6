import { createHash } from "node:crypto";
import type { CodeLocationSpec } from "@dagster-operator/engine/resources";
import type { KubeObject, OwnerReference } from "../kube/object.ts";
import { CODE_LOCATION } from "../kube/resources.ts";
import { childName, labelsOf, PORT, selectorLabels, TEMPLATE_LABEL } from "./names.ts";
import { podTemplate } from "./pod-template.ts";

export interface Desired {
  deployment: KubeObject;
  service: KubeObject;
  /** null: there should be none. */
  podDisruptionBudget: KubeObject | null;
  /** Label of the pods that have this template. */
  templateHash: string;
}

interface Owner {
  name: string;
  namespace: string;
  uid: string;
}

/** The objects of one code location, each with it as the owner. Pure. */
export function desired(owner: Owner, spec: CodeLocationSpec, checksum: string): Desired {
  const { name, namespace } = owner;
  const metadata = {
    name: childName(name),
    namespace,
    labels: labelsOf(name),
    ownerReferences: [ownerReference(owner)],
  };
  const matchLabels = selectorLabels(name);
  const template = podTemplate(name, spec, checksum) as { metadata: { labels: Record<string, string> } };
  const templateHash = createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 16);
  template.metadata.labels[TEMPLATE_LABEL] = templateHash;
  const replicas = spec.paused ? 0 : (spec.replicas ?? 1);
  const budget = spec.podDisruptionBudget ?? (replicas > 1 ? { maxUnavailable: 1 } : null);
  return {
    templateHash,
    deployment: {
      metadata,
      spec: {
        replicas,
        revisionHistoryLimit: 2,
        // The old servers go only when new ones have loaded their definitions.
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        selector: { matchLabels },
        template,
      },
    },
    service: {
      metadata,
      spec: {
        type: "ClusterIP",
        selector: matchLabels,
        ports: [{ name: "http", port: PORT, targetPort: "http", protocol: "TCP" }],
      },
    },
    podDisruptionBudget: budget && { metadata, spec: { ...budget, selector: { matchLabels } } },
  };
}

export const ownerReference = ({ name, uid }: Owner): OwnerReference => ({
  apiVersion: CODE_LOCATION.apiVersion,
  kind: CODE_LOCATION.kind,
  name,
  uid,
  controller: true,
  blockOwnerDeletion: true,
});
