import type { Storage } from "@dagster-operator/engine";
import type { KubeClient } from "../kube/client.ts";
import { splitKey } from "../kube/object.ts";
import { ANNOTATION, JOB, LABEL } from "./job-template.ts";
import type { WorkerCache } from "./worker-cache.ts";

/**
 * Deletes Jobs of workers that carry this installation's name, whose run it does not know and that no Run object holds: left
 * from its time with another database. Resolves with their keys. One that a Run object holds goes with it.
 */
export async function sweepOrphans(deps: {
  client: KubeClient;
  storage: Storage;
  cache: WorkerCache;
  installation: string;
  hasObject: (runId: string) => boolean;
}): Promise<string[]> {
  const { client, storage, cache, installation, hasObject } = deps;
  const swept: string[] = [];
  for (const { key, job } of cache.list()) {
    const runId = job?.metadata.labels?.[LABEL.runId];
    if (job?.metadata.annotations?.[ANNOTATION.installation] !== installation) continue;
    if (!runId || hasObject(runId) || (await storage.runs.get(runId))) continue;
    const { namespace, name } = splitKey(key);
    await client.delete(JOB, namespace, name, {
      ...(job.metadata.uid !== undefined && { uid: job.metadata.uid }),
    });
    swept.push(key);
  }
  return swept;
}
