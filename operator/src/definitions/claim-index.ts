import type { LocationObjects } from "@dagster-operator/engine";
import { addsSomething, extraHash } from "@dagster-operator/sdk/internal";
import { type KubeObject, keyOf } from "../kube/object.ts";
import type { Informers } from "../runtime/informers.ts";
import { type Claim, claimsOf, locationObjects } from "./claims.ts";
import type { DefinitionKind, JobObject, ScheduleObject, SensorObject } from "./objects.ts";

export interface DefinitionCaches {
  Job: Informers<JobObject>;
  Schedule: Informers<ScheduleObject>;
  Sensor: Informers<SensorObject>;
}

interface OfNamespace {
  claims: Claim[];
  byKey: Map<string, Claim>;
  locations: Map<string, { objects: LocationObjects | null; extraHash: string | null }>;
}

/** Claims by namespace, made anew when an object of it changed in more than its status. */
export class ClaimIndex {
  readonly #caches: DefinitionCaches;
  readonly #known = new Map<string, OfNamespace>();

  constructor(caches: DefinitionCaches) {
    this.#caches = caches;
    for (const cache of Object.values(caches) as Informers<KubeObject>[])
      cache.onChange((object, before) => {
        if (!statusOnly(object, before)) this.#known.delete((object ?? before)?.metadata.namespace ?? "");
      });
  }

  claims(namespace: string): readonly Claim[] {
    return this.#of(namespace).claims;
  }

  find(kind: DefinitionKind, key: string): Claim | undefined {
    return this.#of(key.slice(0, key.indexOf("/"))).byKey.get(`${kind} ${key}`);
  }

  /** Names of the CodeLocations that an object is about. */
  locationsOf(object: KubeObject): string[] {
    const { codeLocation, jobRef } = object.spec as { codeLocation?: string; jobRef?: { name: string } };
    const job = jobRef && this.#caches.Job.get(`${object.metadata.namespace}/${jobRef.name}`);
    return [codeLocation, job?.spec.codeLocation].filter((name) => name !== undefined);
  }

  objects(namespace: string, codeLocation: string): LocationObjects | null {
    return this.#location(namespace, codeLocation).objects;
  }

  /** As the code server tells it of what the objects add; null: they add nothing. */
  extraHash(namespace: string, codeLocation: string): string | null {
    return this.#location(namespace, codeLocation).extraHash;
  }

  #location(namespace: string, codeLocation: string) {
    const { claims, locations } = this.#of(namespace);
    const known = locations.get(codeLocation);
    if (known) return known;
    const objects = locationObjects(claims, codeLocation);
    const made = {
      objects,
      extraHash: objects && addsSomething(objects.extra) ? extraHash(objects.extra) : null,
    };
    locations.set(codeLocation, made);
    return made;
  }

  #of(namespace: string): OfNamespace {
    const known = this.#known.get(namespace);
    if (known) return known;
    const here = <T extends KubeObject>(cache: Informers<T>) =>
      cache.list().filter(({ metadata }) => metadata.namespace === namespace && !metadata.deletionTimestamp);
    const { Job, Schedule, Sensor } = this.#caches;
    const claims = claimsOf({ jobs: here(Job), schedules: here(Schedule), sensors: here(Sensor) });
    const byKey = new Map(claims.map((claim) => [`${claim.kind} ${keyOf(claim.object)}`, claim]));
    const made = { claims, byKey, locations: new Map() };
    this.#known.set(namespace, made);
    return made;
  }
}

/** Nothing but what the operator itself writes is new. */
export function statusOnly(object: KubeObject | null, before: KubeObject | null): boolean {
  if (object === null || before === null) return false;
  const [a, b] = [object.metadata, before.metadata];
  return (
    a.uid === b.uid &&
    a.generation === b.generation &&
    a.deletionTimestamp === b.deletionTimestamp &&
    JSON.stringify([a.ownerReferences, a.labels]) === JSON.stringify([b.ownerReferences, b.labels])
  );
}
