/** The Run object of a run: a person's own, or one made when the run is launched. */
import type { CodeLocationRow, RunRecord } from "@dagster-operator/engine";
import type { KubeClient } from "../kube/client.ts";
import { isConflict } from "../kube/client.ts";
import type { KubeObject, OwnerReference } from "../kube/object.ts";
import { RUN } from "../kube/resources.ts";
import type { Condition } from "../runtime/condition.ts";
import { LABEL, labelValue, MANAGED_BY } from "./job-template.ts";

/** On runs that came from a Run object: `namespace/name` of it. */
export const OBJECT_TAG = "dagster-operator.io/run-object";
/** Idempotency key of such a run. */
export const submitKey = (uid: string): string => `cr:${uid}`;
/** Keeps a Run object until its run has ended and its workers are gone. */
export const FINALIZER = "dagster-operator.io/run";

export interface RunObject extends KubeObject {
  spec: {
    codeLocation?: string;
    job?: string;
    assetSelection?: string;
    jobRef?: { name: string };
    runConfig?: Record<string, unknown>;
    tags?: Record<string, string>;
    executor?: "in_process" | "multiprocess" | "k8s_job";
    podTemplate?: Record<string, unknown>;
    partitionKey?: string;
    cancel?: boolean;
  };
  status?: RunStatusFields;
}
export interface RunStatusFields {
  observedGeneration?: number;
  location?: string;
  job?: string;
  phase?: string;
  runId?: string;
  stepsTotal?: number;
  stepsDone?: number;
  startTime?: string;
  endTime?: string;
  reason?: string;
  message?: string;
  conditions?: Condition[];
}

export const ownerOf = ({ metadata }: KubeObject): OwnerReference => ({
  apiVersion: RUN.apiVersion,
  kind: RUN.kind,
  name: metadata.name,
  uid: metadata.uid ?? "",
  controller: true,
});

/** Namespace and name of the object of a run. */
export function placeOf(
  run: Pick<RunRecord, "runId" | "tags">,
  namespace: string,
): { namespace: string; name: string } {
  const [ns, name] = (run.tags[OBJECT_TAG] ?? "").split("/");
  return ns && name ? { namespace: ns, name } : { namespace, name: run.runId };
}

/** Finds the Run object of this run, or makes it. */
export async function ensureRunObject(
  client: KubeClient,
  run: RunRecord,
  row: CodeLocationRow,
): Promise<RunObject> {
  const { namespace, name } = placeOf(run, row.namespace);
  // Nearly always there is none yet, except where a person made it.
  if (run.tags[OBJECT_TAG]) {
    const found = await client.find<RunObject>(RUN, namespace, name);
    if (found && run.idempotencyKey === submitKey(found.metadata.uid ?? "")) return found;
  }
  const object: RunObject = {
    metadata: {
      name: run.runId,
      namespace: row.namespace,
      labels: {
        ...MANAGED_BY,
        [LABEL.runId]: run.runId,
        [LABEL.job]: labelValue(run.job),
        [LABEL.codeLocation]: labelValue(run.location),
      },
      finalizers: [FINALIZER],
    },
    spec: {
      codeLocation: row.object,
      ...(run.assets === null
        ? { job: run.job }
        : { assetSelection: run.assets.map(selectKey).join(" or ") }),
      ...(run.partition && "key" in run.partition && { partitionKey: run.partition.key }),
    },
  };
  try {
    return await client.create<RunObject>(RUN, object);
  } catch (error) {
    if (!isConflict(error)) throw error;
    return client.get<RunObject>(RUN, row.namespace, run.runId);
  }
}

const selectKey = (key: readonly string[]): string => `key:${JSON.stringify(key.join("/"))}`;
