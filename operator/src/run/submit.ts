/** A Run object as a request for the queue. */
import {
  InvalidInput,
  type SubmitRequest,
  selectAssets,
  serving,
  type Workspace,
} from "@dagster-operator/engine";
import { locationName } from "../code-location/names.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject, Resource } from "../kube/object.ts";
import { RUN } from "../kube/resources.ts";
import { OBJECT_TAG, type RunObject, submitKey } from "./run-objects.ts";

const JOB_OBJECT: Resource = { ...RUN, kind: "Job", plural: "jobs" };

interface JobObject extends KubeObject {
  spec: RunObject["spec"];
}

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

/** The Run's own fields over those of the Job object that it names. */
async function withJob({ spec, metadata }: RunObject, client: KubeClient): Promise<RunObject["spec"]> {
  if (!spec.jobRef) return spec;
  const job = await client.get<JobObject>(JOB_OBJECT, metadata.namespace, spec.jobRef.name);
  const tags = { ...job.spec.tags, ...spec.tags };
  return { ...job.spec, ...spec, tags };
}
