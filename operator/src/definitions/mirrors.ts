/** The objects by which the definitions of the code are seen in the cluster. Pure. */
import { createHash } from "node:crypto";
import type { DefinitionsSnapshot } from "@dagster-operator/sdk/internal";
import { ownerReference } from "../code-location/desired.ts";
import { LOCATION_LABEL, MANAGED_BY } from "../code-location/names.ts";
import type { KubeObject } from "../kube/object.ts";
import { type Claim, claimKey } from "./claims.ts";
import type { DefinitionKind } from "./objects.ts";

export interface Mirror {
  kind: DefinitionKind;
  object: KubeObject & { spec: Record<string, unknown> };
}
export interface MirrorOwner {
  name: string;
  namespace: string;
  uid: string;
}

/** One for each job, schedule and sensor of the code that no person's object is about. */
export function mirrorsOf(
  owner: MirrorOwner,
  snapshot: DefinitionsSnapshot,
  claims: readonly Claim[],
): Mirror[] {
  const { name: location } = owner;
  const people = claims.filter(({ mirror, codeLocation }) => !mirror && codeLocation === location);
  const covered = new Set(people.map(({ kind, name }) => claimKey(location, kind, name)));
  // What objects add is not the code's, be it a schedule's own job.
  for (const claim of people)
    if (claim.kind === "Schedule" && claim.own) covered.add(claimKey(location, "Job", `${claim.name}_run`));
  const names = new Set(
    claims
      .filter(({ mirror, codeLocation }) => !mirror || codeLocation !== location)
      .map(({ kind, object }) => `${kind} ${object.metadata.name}`),
  );
  const mirror = (kind: DefinitionKind, definition: string, spec: Record<string, unknown>): Mirror[] =>
    covered.has(claimKey(location, kind, definition))
      ? []
      : [
          {
            kind,
            object: {
              metadata: {
                name: mirrorName(location, definition, (name) => names.has(`${kind} ${name}`)),
                namespace: owner.namespace,
                labels: { ...MANAGED_BY, [LOCATION_LABEL]: location },
                ownerReferences: [ownerReference(owner)],
              },
              spec: { codeLocation: location, ...spec },
            },
          },
        ];
  return [
    ...snapshot.jobs
      .filter(({ implicit }) => !implicit)
      .flatMap(({ name, description }) =>
        mirror("Job", name, { job: name, ...(description !== undefined && { description }) }),
      ),
    ...snapshot.schedules.flatMap(({ name }) => mirror("Schedule", name, { schedule: name })),
    ...snapshot.sensors.flatMap(({ name }) => mirror("Sensor", name, { sensor: name })),
  ];
}

/** `<location>-<definition>`, as names of Kubernetes are written; with a hash where that is no name, or not the only one. */
export function mirrorName(
  location: string,
  definition: string,
  taken: (name: string) => boolean = () => false,
): string {
  const plain = `${location}-${definition.toLowerCase().replaceAll("_", "-")}`;
  const exact = /^[a-z0-9_]*[a-z0-9]$/.test(definition) && plain.length <= 200;
  if (exact && !taken(plain)) return plain;
  const hash = createHash("sha256").update(`${location}/${definition}`).digest("hex").slice(0, 8);
  return `${plain.replaceAll(/[^a-z0-9-]/g, "-").slice(0, 200)}-${hash}`;
}

/** What a person may set on a mirror. */
const PERSONAL = new Set(["suspend", "minimumInterval"]);

/** Is the mirror as it should be? What a person may set is theirs. */
export function isAsWanted(live: KubeObject, wanted: Mirror["object"]): boolean {
  const spec = Object.entries((live.spec ?? {}) as object).filter(([field]) => !PERSONAL.has(field));
  const labels = Object.entries(wanted.metadata.labels ?? {});
  const owner = wanted.metadata.ownerReferences?.[0]?.uid;
  return (
    JSON.stringify(spec.sort()) === JSON.stringify(Object.entries(wanted.spec).sort()) &&
    labels.every(([key, value]) => live.metadata.labels?.[key] === value) &&
    (live.metadata.ownerReferences?.some(({ uid }) => uid === owner) ?? false)
  );
}

/** Fields that somebody added to a mirror's spec: they would say something that is not so. */
export const foreignFields = (live: KubeObject, wanted: Mirror["object"]): string[] =>
  Object.keys((live.spec ?? {}) as object).filter((field) => !PERSONAL.has(field) && !(field in wanted.spec));
