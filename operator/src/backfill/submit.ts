/** A Backfill object as a request. */
import { type BackfillRequest, selectAssets, type Workspace } from "@dagster-operator/engine";
import { requestTarget } from "../definitions/request-target.ts";
import type { KubeClient } from "../kube/client.ts";
import { podTag } from "../run/location-objects.ts";
import { submitKey } from "../run/run-objects.ts";
import type { BackfillObject } from "./backfill-object.ts";

/** On runs and backfills that came from a Backfill object: `namespace/name` of it. */
const OBJECT_TAG = "dagster-operator.io/backfill-object";

/** @throws NotFound · Unavailable · KubeError 404 what it names is not there (yet) · InvalidInput it cannot be */
export async function backfillRequest(
  object: BackfillObject,
  deps: { client: KubeClient; workspace: Workspace; home: string },
): Promise<BackfillRequest> {
  const { name, namespace = "", uid = "" } = object.metadata;
  const { spec, location, snapshot, runConfig } = await requestTarget(object, deps);
  const { partitionKeys: keys, partitionRange: range } = spec;
  return {
    ...(spec.job === undefined
      ? { assets: selectAssets(snapshot, spec.assetSelection ?? "*") }
      : { location, job: spec.job }),
    partitions: range ? { range } : { keys: keys ?? [] },
    ...runConfig,
    tags: { ...spec.tags, ...podTag(spec.podTemplate, spec.tags), [OBJECT_TAG]: `${namespace}/${name}` },
    idempotencyKey: submitKey(uid),
  };
}
