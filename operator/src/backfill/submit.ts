/** A Backfill object as a request. */
import {
  type BackfillRequest,
  InvalidInput,
  selectAssets,
  serving,
  type Workspace,
} from "@dagster-operator/engine";
import type { BackfillSpec } from "@dagster-operator/engine/resources";
import { locationName } from "../code-location/names.ts";
import { resolved } from "../definitions/claims.ts";
import type { JobObject } from "../definitions/objects.ts";
import type { KubeClient } from "../kube/client.ts";
import { DAGSTER_JOB } from "../kube/resources.ts";
import { podTag } from "../run/location-objects.ts";
import { submitKey } from "../run/run-objects.ts";
import type { BackfillObject } from "./backfill-object.ts";

/** @throws NotFound · Unavailable · KubeError 404 what it names is not there (yet) · InvalidInput it cannot be */
export async function backfillRequest(
  object: BackfillObject,
  deps: { client: KubeClient; workspace: Workspace; home: string },
): Promise<BackfillRequest> {
  const { name, namespace = "", uid = "" } = object.metadata;
  const spec = await withJob(object, deps.client);
  if (!spec.codeLocation)
    throw new InvalidInput("spec.codeLocation is missing", [
      { path: "spec.codeLocation", message: "is missing" },
    ]);
  const location = locationName({ name: spec.codeLocation, namespace }, deps.home);
  const { snapshot } = serving(deps.workspace, location);
  const job = snapshot.jobs.find((candidate) => candidate.name === spec.job);
  const executor = spec.executor && { execution: { config: { [spec.executor]: {} } } };
  const { partitionKeys: keys, partitionRange: range } = spec;
  return {
    ...(spec.job === undefined
      ? { assets: selectAssets(snapshot, spec.assetSelection ?? "*") }
      : { location, job: spec.job }),
    partitions: range ? { range } : { keys: keys ?? [] },
    ...((spec.runConfig || executor) && {
      runConfig: { ...(spec.runConfig ?? job?.runConfig), ...executor },
    }),
    tags: {
      ...spec.tags,
      ...podTag(spec.podTemplate, spec.tags),
      "dagster-operator.io/backfill-object": `${namespace}/${name}`,
    },
    idempotencyKey: submitKey(uid),
  };
}

async function withJob({ spec, metadata }: BackfillObject, client: KubeClient): Promise<BackfillSpec> {
  if (!spec.jobRef) return spec;
  const job = await client.get<JobObject>(DAGSTER_JOB, metadata.namespace, spec.jobRef.name);
  return resolved(spec, new Map([[job.metadata.name, job]]));
}
