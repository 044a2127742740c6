/** What a Sensor object tells. Pure. */
import type { DefinitionsSnapshot } from "@dagster-operator/sdk/internal";
import { type InstigatorSeen, instigatorStatus } from "../definitions/instigator.ts";
import type { SensorObject } from "../definitions/objects.ts";
import type { Validity } from "../definitions/validity.ts";
import { mergeConditions } from "../runtime/condition.ts";

export interface SensorSeen extends Omit<InstigatorSeen, "object" | "definition"> {
  object: SensorObject;
  validity: Validity;
  /** Name in the page of the code location. */
  location: string;
  /** null: it is not there. */
  definition: DefinitionsSnapshot["sensors"][number] | null;
  /** Milliseconds since the epoch. */
  now: number;
}

/** A cursor may be a document: the object shows its beginning. */
const MAX_CURSOR = 1024;

export function sensorStatus(seen: SensorSeen): NonNullable<SensorObject["status"]> {
  const { object, validity, location, definition, state, now } = seen;
  const told = {
    location,
    observedGeneration: object.metadata.generation ?? 1,
    conditions: mergeConditions(object.status?.conditions, validity.conditions, new Date(now).toISOString()),
  };
  if (definition === null) return told;
  const cursor = state?.cursor ?? null;
  return {
    ...told,
    ...instigatorStatus({ ...seen, definition }),
    ...(cursor !== null && { cursor: cursor.slice(0, MAX_CURSOR) }),
  };
}
