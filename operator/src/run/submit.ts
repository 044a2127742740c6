/** A Run object as a request for the queue. */
import {
  InvalidInput,
  type SubmitRequest,
  selectAssets,
  serving,
  type Workspace,
} from "@dagster-operator/engine";
import { locationName } from "../code-location/names.ts";
import { resolved } from "../definitions/claims.ts";
import type { JobObject } from "../definitions/objects.ts";
import type { KubeClient } from "../kube/client.ts";
import { DAGSTER_JOB } from "../kube/resources.ts";
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
  const spec = await withJob(object, deps.client);
  if (!spec.codeLocation)
    throw new InvalidInput("spec.codeLocation is missing", [
      { path: "spec.codeLocation", message: "is missing" },
    ]);
  const location = locationName({ name: spec.codeLocation, namespace }, deps.home);
  const { snapshot } = serving(deps.workspace, location);
  const executor = spec.executor && { execution: { config: { [spec.executor]: {} } } };
  const job = snapshot.jobs.find((candidate) => candidate.name === spec.job);
  return {
    location,
    ...(spec.job !== undefined && { job: spec.job }),
    ...(spec.assetSelection !== undefined && { assets: selectAssets(snapshot, spec.assetSelection) }),
    ...((spec.runConfig || executor) && {
      runConfig: { ...(spec.runConfig ?? job?.runConfig), ...executor },
    }),
    ...(spec.partitionKey !== undefined && { partition: { key: spec.partitionKey } }),
    tags: { ...spec.tags, [OBJECT_TAG]: `${namespace}/${name}` },
    idempotencyKey: submitKey(uid),
  };
}

/** With the job that its Job object is in the code location; what else that says (config, tags, pods) is of that job there. */
async function withJob({ spec, metadata }: RunObject, client: KubeClient): Promise<RunObject["spec"]> {
  if (!spec.jobRef) return spec;
  const job = await client.get<JobObject>(DAGSTER_JOB, metadata.namespace, spec.jobRef.name);
  const { partitionKey } = job.spec;
  return {
    ...(partitionKey !== undefined && { partitionKey }),
    ...resolved(spec, new Map([[job.metadata.name, job]])),
  };
}
