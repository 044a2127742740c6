/** What Job and Schedule objects beside the code mean for the pods of a run. Pure. */
import type { CodeLocationRow } from "@dagster-operator/engine";
import { EXTRA_DEFINITIONS, type ExtraDefinitions } from "@dagster-operator/sdk/internal";
import { CONFIG_TAG, configOfPodFields, configOfTags } from "./merge/container-context.ts";
import { type K8sConfig, mergeK8sConfig } from "./merge/k8s-config.ts";

/** The location's pod fields, over them those of the job's object, over them those of the Run object. */
export function podConfig(
  row: Pick<CodeLocationRow, "template" | "objects">,
  job: string,
  ofRun: Record<string, unknown> | undefined,
): K8sConfig {
  return [row.objects?.pods[job], ofRun]
    .filter((pod) => pod !== undefined)
    .map(configOfPodFields)
    .reduce(mergeK8sConfig, configOfPodFields(row.template.pod));
}

/** How a worker's process learns of the job, where it is not one of the code alone. */
export function jobEnvironment(row: Pick<CodeLocationRow, "objects">, job: string): Record<string, string> {
  const jobs: ExtraDefinitions["jobs"] = [];
  for (let name: string | null = job; name !== null; ) {
    const found = row.objects?.extra.jobs.find((one) => one.name === name);
    if (found === undefined || jobs.includes(found)) break;
    jobs.unshift(found);
    name = "job" in found.target ? found.target.job : null;
  }
  if (jobs.length === 0) return {};
  return { [EXTRA_DEFINITIONS]: JSON.stringify({ jobs, schedules: [] } satisfies ExtraDefinitions) };
}

/** Pod fields as the tag by which each of many runs takes them, under what a person's own tag says. */
export function podTag(
  pod: Record<string, unknown> | undefined,
  tags: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  if (!pod) return {};
  return {
    [CONFIG_TAG]: JSON.stringify(mergeK8sConfig(configOfPodFields(pod), configOfTags(tags ?? {}))),
  };
}
