/** A Run object as a request for the queue. */
import { type SubmitRequest, selectAssets, type Workspace } from "@dagster-operator/engine";
import { requestTarget } from "../definitions/request-target.ts";
import type { KubeClient } from "../kube/client.ts";
import { OBJECT_TAG, type RunObject, submitKey } from "./run-objects.ts";

/**
 * @throws NotFound · Unavailable the location, its job, or the Job object is not there (yet) · InvalidInput a selection that
 * cannot be
 */
export async function submitRequest(
  object: RunObject,
  deps: { client: KubeClient; workspace: Workspace; home: string },
): Promise<SubmitRequest> {
  const { name, namespace = "", uid = "" } = object.metadata;
  const { spec, jobObject, location, snapshot, runConfig } = await requestTarget(object, deps);
  // What else its Job object says (config, tags, pods) is of that job in the code location.
  const key = spec.partitionKey ?? jobObject?.spec.partitionKey;
  return {
    location,
    ...(spec.job !== undefined && { job: spec.job }),
    ...(spec.assetSelection !== undefined && { assets: selectAssets(snapshot, spec.assetSelection) }),
    ...runConfig,
    ...(key !== undefined && { partition: { key } }),
    tags: { ...spec.tags, [OBJECT_TAG]: `${namespace}/${name}` },
    idempotencyKey: submitKey(uid),
  };
}
