/** What each Job, Schedule and Sensor object of a namespace is about, and what they make of a code location together. Pure. */
import { heldKey, type LocationObjects } from "@dagster-operator/engine";
import {
  definitionName,
  jobDefinition,
  plainName,
  scheduleDefinition,
  sensorDefinition,
  type TargetFields,
} from "@dagster-operator/engine/resources";
import type { KubeObject } from "../kube/object.ts";
import {
  type DefinitionKind,
  type DefinitionObjects,
  isMirror,
  type JobObject,
  type ScheduleObject,
  type SensorObject,
} from "./objects.ts";

export interface Trouble {
  reason: "JobNotFound" | "NameTaken";
  message: string;
}
export type Claim = { mirror: boolean; codeLocation: string | null; trouble: Trouble | null } & (
  | {
      kind: "Job";
      object: JobObject;
      /** Its definition in the location. */
      name: string;
      /** It adds a definition, rather than being about one of the code. */
      own: boolean;
    }
  | { kind: "Schedule"; object: ScheduleObject; name: string; own: boolean }
  | { kind: "Sensor"; object: SensorObject; name: string; own: false }
);

/** Claims of one namespace. Of two objects about one definition the older one has it; mirrors give way to all. */
export function claimsOf({ jobs, schedules, sensors }: DefinitionObjects): Claim[] {
  const jobsByName = new Map(jobs.map((job) => [job.metadata.name, job]));
  const claims: Claim[] = [
    ...[...jobs].sort(byAge).map(jobClaim),
    ...[...schedules].sort(byAge).map((object) => scheduleClaim(object, jobsByName)),
    ...[...sensors].sort(byAge).map(sensorClaim),
  ];
  const taken = new Map<string, Claim>();
  for (const claim of claims) {
    if (claim.mirror || claim.trouble || claim.codeLocation === null) continue;
    const key = claimKey(claim.codeLocation, claim.kind, claim.name);
    const first = taken.get(key);
    if (first === undefined) taken.set(key, claim);
    else
      claim.trouble = {
        reason: "NameTaken",
        message: `${claim.kind} ${first.object.metadata.name} is about ${claim.kind.toLowerCase()} ${claim.name} of code location ${claim.codeLocation} already: give this one another name, or delete one of the two`,
      };
  }
  return claims;
}

export const claimKey = (codeLocation: string, kind: DefinitionKind, name: string): string =>
  `${codeLocation} ${kind} ${plainName(name)}`;

const byAge = (a: KubeObject, b: KubeObject): number =>
  (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? "") ||
  a.metadata.name.localeCompare(b.metadata.name);

function jobClaim(object: JobObject): Claim {
  const mirror = isMirror(object);
  return {
    kind: "Job",
    object,
    mirror,
    codeLocation: object.spec.codeLocation ?? null,
    name: mirror ? (object.spec.job ?? object.metadata.name) : definitionName(object.metadata.name),
    own: !mirror,
    trouble: null,
  };
}

function scheduleClaim(object: ScheduleObject, jobs: ReadonlyMap<string, JobObject>): Claim {
  const { spec, metadata } = object;
  const own = spec.cron !== undefined || spec.crons !== undefined;
  const { codeLocation = null } = spec.jobRef ? (jobs.get(spec.jobRef.name)?.spec ?? {}) : spec;
  return {
    kind: "Schedule",
    object,
    mirror: isMirror(object),
    codeLocation,
    name: own ? definitionName(metadata.name) : (spec.schedule ?? metadata.name),
    own,
    trouble:
      codeLocation === null
        ? {
            reason: "JobNotFound",
            message: `there is no Job ${spec.jobRef?.name} in namespace ${metadata.namespace}`,
          }
        : null,
  };
}

function sensorClaim(object: SensorObject): Claim {
  const { spec, metadata } = object;
  return {
    kind: "Sensor",
    object,
    mirror: isMirror(object),
    codeLocation: spec.codeLocation,
    name: spec.sensor ?? metadata.name,
    own: false,
    trouble: null,
  };
}

/** What those about this location make of it; null: nothing beside its code. `all`: those of its namespace. */
export function locationObjects(all: readonly Claim[], codeLocation: string): LocationObjects | null {
  const objects: LocationObjects = { extra: { jobs: [], schedules: [] }, pods: {}, held: {} };
  const jobs = new Map(
    all.flatMap((claim) => (claim.kind === "Job" ? [[claim.object.metadata.name, claim.object]] : [])),
  );
  let any = false;
  for (const claim of all) {
    if (claim.codeLocation !== codeLocation || claim.trouble) continue;
    const { metadata, spec } = claim.object;
    const source = `${claim.kind} ${metadata.namespace}/${metadata.name}`;
    if (claim.kind === "Job" && claim.own) {
      const made = jobDefinition(metadata.name, claim.object.spec, source);
      objects.extra.jobs.push(made);
      if (claim.object.spec.podTemplate) objects.pods[made.name] = claim.object.spec.podTemplate;
      any = true;
    }
    if (claim.kind === "Schedule" && claim.own) {
      const made = scheduleDefinition(metadata.name, resolved(claim.object.spec, jobs), source);
      for (const job of made?.jobs ?? []) {
        objects.extra.jobs.push(job);
        // Its own job's pods, over those of the job that it is made of.
        const below = "job" in job.target ? objects.pods[job.target.job] : undefined;
        const pod = { ...below, ...claim.object.spec.podTemplate };
        if (Object.keys(pod).length > 0) objects.pods[job.name] = pod;
      }
      objects.extra.schedules.push(...(made?.schedules ?? []));
      any = true;
    }
    const paced = claim.kind === "Sensor" && sensorDefinition(metadata.name, claim.object.spec, source);
    if (paced) {
      objects.extra.sensors = [...(objects.extra.sensors ?? []), paced];
      any = true;
    }
    if (claim.kind !== "Job" && (spec as { suspend?: boolean }).suspend !== undefined) {
      objects.held[heldKey(claim.kind === "Schedule" ? "SCHEDULE" : "SENSOR", claim.name)] ??= source;
      any = true;
    }
  }
  return any ? objects : null;
}

/** With `jobRef` as the job that it names: one of the code where that Job is a mirror. */
export function resolved<S extends TargetFields>(
  spec: S,
  jobs: { get(name: string): KubeObject | undefined },
): S {
  const job = spec.jobRef && (jobs.get(spec.jobRef.name) as JobObject | undefined);
  if (!spec.jobRef || !job) return spec;
  const name = isMirror(job) ? job.spec.job : definitionName(spec.jobRef.name);
  return { ...spec, jobRef: undefined, codeLocation: job.spec.codeLocation, job: name };
}
