import type { MakePart } from "../compose.ts";
import { ClaimIndex, statusOnly } from "../definitions/claim-index.ts";
import { definitionCaches } from "../definitions/part.ts";
import type { KubeObject } from "../kube/object.ts";
import {
  CODE_LOCATION,
  CONFIG_MAP,
  DEPLOYMENT,
  type Deployment,
  POD,
  POD_DISRUPTION_BUDGET,
  type Pod,
  SECRET,
  SERVICE,
} from "../kube/resources.ts";
import { Controller } from "../runtime/controller.ts";
import type { Informers } from "../runtime/informers.ts";
import { PodAnswers } from "./ask-pod.ts";
import { Children } from "./children.ts";
import type { CodeLocationObject } from "./decide.ts";
import { EnvironmentChecksums } from "./environment.ts";
import { LOCATION_LABEL } from "./names.ts";
import { environmentSources } from "./pod-template.ts";
import { CodeLocationReconciler, locationKey } from "./reconcile.ts";
import { WORKSPACE_CONFIG_MAP, workspaceYaml, writeWorkspace } from "./workspace-config-map.ts";

/** CodeLocations: caches, what wakes their reconciler, and its controller. `answers` is given by tests outside a pod network. */
export const codeLocationPart =
  (answers = new PodAnswers()): MakePart =>
  (context) => {
    const { client, storage, recorder, namespace: home, metrics, log } = context;
    const objects = context.informers<CodeLocationObject>({ resource: CODE_LOCATION });
    const labelSelector = LOCATION_LABEL;
    const deployments = context.informers<Deployment>({ resource: DEPLOYMENT, labelSelector });
    const services = context.informers<KubeObject>({ resource: SERVICE, labelSelector });
    const budgets = context.informers<KubeObject>({ resource: POD_DISRUPTION_BUDGET, labelSelector });
    const pods = context.informers<Pod>({ resource: POD, labelSelector, trim: trimPod });
    const configMaps = context.informers<KubeObject>({ resource: CONFIG_MAP, metadataOnly: true });
    const secrets = context.informers<KubeObject>({ resource: SECRET, metadataOnly: true });

    const definitions = definitionCaches(context);
    const index = new ClaimIndex(definitions);

    const podsByLocation = new Map<string, Map<string, Pod>>();
    pods.onChange((pod, before) => {
      const changed = pod ?? before;
      const key = changed && locationKey(changed);
      if (!changed || !key) return;
      const here = podsByLocation.get(key) ?? new Map<string, Pod>();
      if (pod) here.set(pod.metadata.name, pod);
      else here.delete(changed.metadata.name);
      if (here.size > 0) podsByLocation.set(key, here);
      else podsByLocation.delete(key);
      controller.queue.add(key);
    });

    let writtenYaml: string | null = null;
    let writing: Promise<void> = Promise.resolve();
    const syncWorkspace = () => {
      const next = writing.then(async () => {
        const yaml = workspaceYaml(objects.list(), home);
        if (yaml === writtenYaml) return;
        await writeWorkspace(client, home, yaml);
        writtenYaml = yaml;
      });
      writing = next.catch(() => undefined); // the caller of each hears of its own
      return next;
    };

    const reconciler = new CodeLocationReconciler({
      client,
      locations: storage.locations,
      recorder,
      home,
      objects,
      deployments,
      objectsOf: (namespace, name) => index.objects(namespace, name),
      podsOf: (key) => [...(podsByLocation.get(key)?.values() ?? [])],
      answers,
      checksums: new EnvironmentChecksums(client, configMaps, secrets),
      children: {
        deployments: new Children(client, deployments as never),
        services: new Children(client, services),
        budgets: new Children(client, budgets),
      },
      syncWorkspace,
      now: Date.now,
    });
    const controller = new Controller({
      name: "codelocation",
      reconcile: (key) => reconciler.reconcile(key),
      metrics,
      onError: (key, error) =>
        log.error({ error, codeLocation: key }, "a CodeLocation could not be reconciled"),
    });

    objects.onChange((object, before) => {
      const { metadata } = object ?? before ?? {};
      if (metadata) controller.queue.add(`${metadata.namespace ?? ""}/${metadata.name}`);
    });
    for (const cache of [deployments, services, budgets])
      cache.onChange((object: KubeObject | null, before: KubeObject | null) => {
        const key = locationKey(object ?? before ?? { metadata: {} });
        if (key) controller.queue.add(key);
      });
    for (const cache of Object.values(definitions) as Informers<KubeObject>[])
      cache.onChange((object, before) => {
        if (statusOnly(object, before)) return;
        const { namespace } = (object ?? before)?.metadata ?? {};
        for (const each of [object, before])
          for (const name of each ? index.locationsOf(each) : [])
            controller.queue.add(`${namespace}/${name}`);
      });
    const whoUses =
      (kind: "configMaps" | "secrets") => (object: KubeObject | null, before: KubeObject | null) => {
        const { metadata } = object ?? before ?? {};
        if (!metadata) return;
        if (kind === "configMaps" && metadata.namespace === home && metadata.name === WORKSPACE_CONFIG_MAP) {
          if (object === null) writtenYaml = null;
        }
        for (const { metadata: own, spec } of objects.list())
          if (own.namespace === metadata.namespace && environmentSources(spec)[kind].includes(metadata.name))
            controller.queue.add(`${own.namespace}/${own.name}`);
      };
    configMaps.onChange(whoUses("configMaps"));
    secrets.onChange(whoUses("secrets"));

    return { controllers: [controller], lead: () => reconciler.sweep() };
  };

/** What is decided from, and no more: there may be thousands. */
function trimPod({ metadata, spec, status }: Pod): Pod {
  const { name, namespace, uid, resourceVersion, labels, deletionTimestamp, creationTimestamp } = metadata;
  return {
    metadata: {
      name,
      ...(namespace && { namespace }),
      ...(uid && { uid }),
      ...(resourceVersion && { resourceVersion }),
      ...(labels && { labels }),
      ...(deletionTimestamp && { deletionTimestamp }),
      ...(creationTimestamp && { creationTimestamp }),
    },
    spec: {
      containers: (spec?.containers ?? []).map(({ name, image }) => ({ name, ...(image && { image }) })),
    },
    ...(status && { status }),
  };
}
