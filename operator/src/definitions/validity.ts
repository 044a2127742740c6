/** Whether what an object is about is there, for the condition Ready of Jobs, Schedules and Sensors. Pure. */
import type { LocationEntry } from "@dagster-operator/engine";
import { likeNamed } from "@dagster-operator/engine/resources";
import type { DefinitionsSnapshot } from "@dagster-operator/sdk/internal";
import type { Condition } from "../runtime/condition.ts";
import type { Claim, Trouble } from "./claims.ts";

/** The closed set of reasons. */
export type Reason =
  | "Valid"
  | "DoesNotFit"
  | "NotInCode"
  | "CodeLocationNotFound"
  | "CodeLocationUnavailable"
  | "StandsInForCode"
  | Trouble["reason"];
export type Said = Omit<Condition, "lastTransitionTime" | "reason"> & { reason: Reason };

export interface Validity {
  conditions: Said[];
  /** Name of the definition, where it is there. */
  definition: string | null;
}

const LIST = { Job: "jobs", Schedule: "schedules", Sensor: "sensors" } as const;

/**
 * null: what is served is not of these objects yet; there is more to say in a moment.
 * @param location name in the page · `extraHash` of what the objects add, as they are now; null = nothing
 */
export function validityOf(
  claim: Claim,
  location: string,
  entry: LocationEntry | null,
  extraHash: string | null,
): Validity | null {
  const observedGeneration = claim.object.metadata.generation ?? 1;
  const ready = (status: "True" | "False" | "Unknown", reason: Reason, message: string): Said => ({
    type: "Ready",
    status,
    reason,
    message: message.slice(0, 1024),
    observedGeneration,
  });
  const not = (status: "False" | "Unknown", reason: Reason, message: string): Validity => ({
    conditions: [ready(status, reason, message)],
    definition: null,
  });
  if (claim.trouble) return not("False", claim.trouble.reason, claim.trouble.message);
  if (entry === null)
    // It may still come: of several files that are applied together one is the first.
    return not(
      "Unknown",
      "CodeLocationNotFound",
      `there is no CodeLocation ${claim.codeLocation} in namespace ${claim.object.metadata.namespace}`,
    );
  const { snapshot } = entry;
  if (snapshot === null || (entry.state !== "LOADED" && entry.error && !served(snapshot, extraHash)))
    return not(
      "Unknown",
      "CodeLocationUnavailable",
      `code location ${location} has no definitions now${entry.error ? `: ${entry.error.message}` : ""}`,
    );
  if (!served(snapshot, extraHash)) return null;
  const { extended } = snapshot;
  const kind = claim.kind === "Job" ? "job" : "schedule";
  const added = [{ kind, name: claim.name }];
  // A schedule's own job may be what does not fit.
  if (claim.kind === "Schedule") added.unshift({ kind: "job", name: `${claim.name}_run` });
  const refused = extended?.refused.find(
    (one) => claim.own && added.some(({ kind, name }) => one.kind === kind && one.name === name),
  );
  if (refused) return not("False", "DoesNotFit", refused.message);
  const known = snapshot[LIST[claim.kind]].map(({ name }) => name);
  const definition = claim.own ? known.find((name) => name === claim.name) : likeNamed(claim.name, known);
  const noun = claim.kind.toLowerCase();
  if (definition === undefined)
    return not(
      "False",
      "NotInCode",
      `the code of ${location} defines no ${noun} ${claim.name}; it defines ${known.filter((name) => !name.startsWith("__")).join(", ") || "none"}`,
    );
  const stands = extended?.replaced.some((one) => one.kind === kind && one.name === claim.name) && claim.own;
  return {
    conditions: [
      ready("True", "Valid", `${noun} ${definition} of code location ${location}`),
      ...(stands
        ? [
            {
              type: "Clash",
              status: "True" as const,
              reason: "StandsInForCode" as const,
              message: `the code defines ${noun} ${definition} too: this object is taken instead`,
              observedGeneration,
            },
          ]
        : []),
    ],
    definition,
  };
}

const served = ({ extended }: DefinitionsSnapshot, extraHash: string | null): boolean =>
  (extended?.extraHash ?? null) === extraHash;
