/** A condition as `kubectl wait --for=condition=…` reads it. */
export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  /** One CamelCase word of a closed set. */
  reason: string;
  message: string;
  observedGeneration?: number | undefined;
  /** ISO 8601; when `status` last changed. */
  lastTransitionTime: string;
}

/** Puts conditions into the list that was there: the transition time moves only when the status does. Pure. */
export function mergeConditions(
  before: readonly Condition[] | undefined,
  next: readonly Omit<Condition, "lastTransitionTime">[],
  now: string,
): Condition[] {
  return next.map((condition) => {
    const old = before?.find(({ type }) => type === condition.type);
    return {
      ...condition,
      lastTransitionTime: old?.status === condition.status ? old.lastTransitionTime : now,
    };
  });
}

/** A condition that has no time yet and is of the generation that was looked at. */
export type Told = Omit<Condition, "lastTransitionTime" | "observedGeneration">;

/** What the status of an object keeps of these conditions. Pure. */
export function tellConditions(
  object: {
    metadata: { generation?: number | undefined };
    status?: { conditions?: readonly Condition[] | undefined } | undefined;
  },
  told: readonly Told[],
  now: string,
): { observedGeneration: number; conditions: Condition[] } {
  const observedGeneration = object.metadata.generation ?? 1;
  const own = told.map((condition) => ({ ...condition, observedGeneration }));
  return { observedGeneration, conditions: mergeConditions(object.status?.conditions, own, now) };
}
