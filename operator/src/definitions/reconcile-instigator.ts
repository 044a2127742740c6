import type { InstigatorId, InstigatorState, Tick } from "@dagster-operator/engine";
import type { ReconcileResult } from "../runtime/controller.ts";
import { instigatorEvents, wantedState } from "./instigator.ts";
import type { Instigators } from "./instigators.ts";
import type { ScheduleObject, SensorObject } from "./objects.ts";
import { look, RESYNC_MS, type Setting, SOON_MS } from "./setting.ts";
import type { Validity } from "./validity.ts";

type Instigating = ScheduleObject | SensorObject;
type StatusOf<O extends Instigating> = NonNullable<O["status"]>;

/** What Schedules and Sensors differ in. */
export interface Family<O extends Instigating, D> {
  kind: "Schedule" | "Sensor";
  definitions: "schedules" | "sensors";
  status: (seen: {
    object: O;
    validity: Validity;
    location: string;
    definition: D | null;
    state: InstigatorState | null;
    tick: Tick | null;
    now: number;
  }) => StatusOf<O>;
}

/** Objects that hold what they switch, to let go of it when they are gone. */
export type Holding = Map<string, InstigatorId>;

/** Switches what the object holds, and tells it of its ticks. */
export async function reconcileInstigator<O extends Instigating, D extends { name: string }>(
  setting: Setting & { instigators: Instigators; holding: Holding },
  family: Family<O, D>,
  key: string,
): Promise<ReconcileResult> {
  const { caches, instigators, holding, teller, now } = setting;
  const { kind } = family;
  const holder = `${kind} ${key}`;
  const seen = look(setting, kind, key);
  const cached = caches[kind].get(key) as O | undefined;
  if (!seen || !cached) {
    const held = holding.get(holder);
    if (held) await instigators.switch(held, null, now());
    holding.delete(holder);
    return undefined;
  }
  const { location, entry, validity, claim } = seen;
  if (validity === null) return { requeueAfterMs: SOON_MS };
  const object = teller.latest(cached);
  const definitions = (entry?.snapshot?.[family.definitions] ?? []) as unknown as D[];
  const definition = definitions.find(({ name }) => name === validity.definition) ?? null;
  await instigators.ready();
  let state: InstigatorState | null = null;
  let tick: Tick | null = null;
  if (definition) {
    const id: InstigatorId = {
      kind: kind === "Schedule" ? "SCHEDULE" : "SENSOR",
      location,
      name: definition.name,
    };
    const wanted = wantedState(object, instigators.state(id), claim.own);
    if (wanted !== undefined) await instigators.switch(id, wanted, now());
    if (object.spec.suspend === undefined) holding.delete(holder);
    else holding.set(holder, id);
    state = instigators.state(id);
    tick = await instigators.lastTick(id);
  }
  const status = family.status({ object, validity, location, definition, state, tick, now: now() });
  await teller.tell(kind, object, status, instigatorEvents(object.status, status));
  return { requeueAfterMs: RESYNC_MS };
}
