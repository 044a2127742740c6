import type { RunRecord, Storage } from "@dagster-operator/engine";

/** How often a run's worker, and each attempt of a step, may be lost to the cluster and be started again. */
export type InfrastructureRetries = (run: RunRecord) => Promise<number>;

const INFRASTRUCTURE_RETRIES_TAG = "dagster-operator/infrastructure_retries";

/** The run's tag, else what its code location says, else that of the installation. */
export function infrastructureRetries(storage: Storage, fallback: number): InfrastructureRetries {
  return async ({ tags, location }) => {
    const said = tags[INFRASTRUCTURE_RETRIES_TAG]?.trim();
    if (said !== undefined && /^\d{1,6}$/.test(said)) return Number(said);
    return (await storage.locations.get(location))?.template.infrastructureRetries ?? fallback;
  };
}
