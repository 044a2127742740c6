/** What a Schedule object tells. Pure. */
import { nextTick } from "@dagster-operator/engine";
import type { DefinitionsSnapshot } from "@dagster-operator/sdk/internal";
import { type InstigatorSeen, instigatorStatus } from "../definitions/instigator.ts";
import type { ScheduleObject } from "../definitions/objects.ts";
import type { Validity } from "../definitions/validity.ts";
import { mergeConditions } from "../runtime/condition.ts";

export interface ScheduleSeen extends Omit<InstigatorSeen, "object" | "definition"> {
  object: ScheduleObject;
  validity: Validity;
  /** Name in the page of the code location. */
  location: string;
  /** null: it is not there. */
  definition: DefinitionsSnapshot["schedules"][number] | null;
  /** Milliseconds since the epoch. */
  now: number;
}

export function scheduleStatus(seen: ScheduleSeen): NonNullable<ScheduleObject["status"]> {
  const { object, validity, location, definition, now } = seen;
  const told = {
    location,
    observedGeneration: object.metadata.generation ?? 1,
    conditions: mergeConditions(object.status?.conditions, validity.conditions, new Date(now).toISOString()),
  };
  if (definition === null) return told;
  const shared = instigatorStatus({ ...seen, definition });
  const next = shared.state === "RUNNING" ? nextTick(definition, now) : null;
  return {
    ...told,
    ...shared,
    cron: definition.cron.join(" | "),
    timeZone: definition.timezone,
    job: definition.job,
    ...(next !== null && { nextTickTime: new Date(next).toISOString() }),
  };
}
