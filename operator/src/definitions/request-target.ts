/** What the object of a Run or a Backfill is to run, as its code location has it now. */
import { InvalidInput, serving, type Workspace } from "@dagster-operator/engine";
import type { TargetFields } from "@dagster-operator/engine/resources";
import type { DefinitionsSnapshot } from "@dagster-operator/sdk/internal";
import { locationName } from "../code-location/names.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/object.ts";
import { DAGSTER_JOB } from "../kube/resources.ts";
import { resolved } from "./claims.ts";
import type { JobObject } from "./objects.ts";

interface RequestSpec extends TargetFields {
  runConfig?: Record<string, unknown> | undefined;
  executor?: string | undefined;
}

export interface RequestTarget<S> {
  /** With the code location and the job that its Job object stands for, where it names one. */
  spec: S;
  /** That Job object. */
  jobObject: JobObject | null;
  /** Name in the page of the code location. */
  location: string;
  snapshot: DefinitionsSnapshot;
  /** Its own run config, else the job's, with the executor that it asks for; nothing where it says neither. */
  runConfig: { runConfig?: Record<string, unknown> };
}

/** @throws NotFound · Unavailable · KubeError 404 what it names is not there (yet) · InvalidInput it cannot be */
export async function requestTarget<S extends RequestSpec>(
  object: KubeObject & { spec: S },
  deps: { client: KubeClient; workspace: Workspace; home: string },
): Promise<RequestTarget<S>> {
  const { namespace = "" } = object.metadata;
  const { jobRef } = object.spec;
  const jobObject = jobRef ? await deps.client.get<JobObject>(DAGSTER_JOB, namespace, jobRef.name) : null;
  const spec = resolved(object.spec, new Map(jobObject && [[jobObject.metadata.name, jobObject]]));
  if (!spec.codeLocation)
    throw new InvalidInput("spec.codeLocation is missing", [
      { path: "spec.codeLocation", message: "is missing" },
    ]);
  const location = locationName({ name: spec.codeLocation, namespace }, deps.home);
  const { snapshot } = serving(deps.workspace, location);
  const job = snapshot.jobs.find(({ name }) => name === spec.job);
  const executor = spec.executor && { execution: { config: { [spec.executor]: {} } } };
  const runConfig =
    spec.runConfig || executor ? { runConfig: { ...(spec.runConfig ?? job?.runConfig), ...executor } } : {};
  return { spec, jobObject, location, snapshot, runConfig };
}

/** What the spec itself says of that, for an object that cannot be submitted: one with `jobRef` says nothing. */
export function namedTarget(
  { metadata, spec }: KubeObject & { spec: TargetFields },
  home: string,
): { location?: string; job?: string } {
  if (!spec.codeLocation) return {};
  const { namespace = "" } = metadata;
  return {
    location: locationName({ name: spec.codeLocation, namespace }, home),
    ...(spec.job !== undefined && { job: spec.job }),
  };
}
