import type { Workspace } from "@dagster-operator/engine";
import type { ClaimIndex, DefinitionCaches } from "../definitions/claim-index.ts";
import { foreignFields, isAsWanted, mirrorsOf } from "../definitions/mirrors.ts";
import { type DefinitionKind, isMirror, RESOURCES } from "../definitions/objects.ts";
import type { KubeClient } from "../kube/client.ts";
import { splitKey } from "../kube/object.ts";
import type { ReconcileResult } from "../runtime/controller.ts";
import type { Informers } from "../runtime/informers.ts";
import type { CodeLocationObject } from "./decide.ts";
import { locationName } from "./names.ts";

export interface MirrorDeps {
  client: KubeClient;
  locations: Informers<CodeLocationObject>;
  caches: DefinitionCaches;
  index: ClaimIndex;
  workspace: Workspace;
  home: string;
}

/** Brings the objects of a location's definitions to what its code defines; while nothing is served they stay as they are. */
export async function reconcileMirrors(deps: MirrorDeps, key: string): Promise<ReconcileResult> {
  const { client, locations, caches, index, workspace, home } = deps;
  const { namespace, name } = splitKey(key);
  const owner = locations.get(key);
  // Those of a location that is gone go with it: it is their owner.
  if (!owner || owner.metadata.deletionTimestamp) return undefined;
  const snapshot = workspace.get(locationName({ name, namespace }, home))?.snapshot;
  if (!snapshot || (snapshot.extended?.extraHash ?? null) !== index.extraHash(namespace, name))
    return undefined;
  const uid = owner.metadata.uid ?? "";
  const wanted = mirrorsOf({ name, namespace, uid }, snapshot, index.claims(namespace));
  for (const kind of Object.keys(RESOURCES) as DefinitionKind[]) {
    const live = new Map(
      caches[kind]
        .list()
        .filter(({ metadata }) => metadata.namespace === namespace)
        .map((object) => [object.metadata.name, object]),
    );
    const kept = new Set<string>();
    for (const mirror of wanted.filter((one) => one.kind === kind)) {
      const { object } = mirror;
      kept.add(object.metadata.name);
      const is = live.get(object.metadata.name);
      if (is?.metadata.deletionTimestamp || (is && isAsWanted(is, object))) continue;
      await client.apply(RESOURCES[kind], object);
      const foreign = is ? foreignFields(is, object) : [];
      if (foreign.length > 0)
        await client.merge(RESOURCES[kind], namespace, object.metadata.name, {
          spec: Object.fromEntries(foreign.map((field) => [field, null])),
        });
    }
    for (const object of live.values()) {
      const { metadata } = object;
      const ours = isMirror(object) && metadata.ownerReferences?.some((reference) => reference.uid === uid);
      if (!ours || kept.has(metadata.name) || metadata.deletionTimestamp) continue;
      await client.delete(RESOURCES[kind], namespace, metadata.name, {
        ...(metadata.uid !== undefined && { uid: metadata.uid }),
      });
    }
  }
  return undefined;
}
