/** What manifests mean on one machine. Pure: objects in, locations, definitions and requests out; every doubt is an issue with its place. */
import { createHash } from "node:crypto";
import {
  jobDefinition,
  jobOfTarget,
  scheduleDefinition,
  sensorDefinition,
} from "@dagster-operator/engine/resources";
import { SourceError } from "../input/source.ts";
import { toLocation } from "./local-location.ts";
import {
  executorOf,
  extraOf,
  locationOf,
  type ManifestPlan,
  noteIgnored,
  type Planning,
  placeOf,
} from "./planning.ts";
import type { Manifest, ManifestOf } from "./read.ts";

/** `others` are the locations of -f, -m and -w. @throws SourceError */
export function planManifests(
  manifests: Manifest[],
  others: string[],
  env: NodeJS.ProcessEnv = process.env,
): ManifestPlan {
  const of = <K extends Manifest["kind"]>(kind: K) =>
    manifests.filter((one): one is ManifestOf<K> => one.kind === kind);
  const planning: Planning = {
    locations: [],
    extra: new Map(),
    requests: [],
    switches: [],
    notes: [],
    issues: [],
    jobs: new Map(of("Job").map((job) => [job.name, job])),
    known: [...others, ...of("CodeLocation").map(({ name }) => name)],
    env,
  };
  for (const manifest of of("CodeLocation")) {
    if (others.includes(manifest.name))
      planning.issues.push(
        manifest.source.issue(
          ["metadata", "name"],
          `the command line names a location "${manifest.name}" as well`,
        ),
      );
    const spec = toLocation(manifest, planning);
    if (spec) planning.locations.push(spec);
  }
  for (const manifest of of("Job")) planJob(manifest, planning);
  for (const manifest of of("Schedule")) planSchedule(manifest, planning);
  for (const manifest of of("Sensor")) planSensor(manifest, planning);
  for (const manifest of [...of("Run"), ...of("Backfill")]) planRequest(manifest, planning);
  if (planning.issues.length > 0) throw new SourceError(planning.issues);
  return planning;
}

function planJob(manifest: ManifestOf<"Job">, planning: Planning): void {
  const { spec } = manifest.object;
  const location = locationOf(manifest, spec, planning);
  noteIgnored(manifest, planning);
  if (location === null) return;
  const executor = executorOf(manifest, spec.executor, planning);
  extraOf(planning, location).jobs.push(
    jobDefinition(manifest.name, { ...spec, executor }, placeOf(manifest)),
  );
}

function planSchedule(manifest: ManifestOf<"Schedule">, planning: Planning): void {
  const { spec } = manifest.object;
  const location = locationOf(manifest, spec, planning);
  if (location === null) return;
  const status = spec.suspend ? "STOPPED" : "RUNNING";
  const executor = executorOf(manifest, spec.executor, planning);
  const made = scheduleDefinition(manifest.name, { ...spec, executor }, placeOf(manifest));
  if (made === null) {
    if (spec.suspend !== undefined)
      planning.switches.push({
        kind: "SCHEDULE",
        location,
        name: spec.schedule ?? manifest.name,
        status,
        place: placeOf(manifest),
      });
    return;
  }
  noteIgnored(manifest, planning);
  const extra = extraOf(planning, location);
  extra.jobs.push(...made.jobs);
  extra.schedules.push(...made.schedules);
  // The state of a schedule outlives its definition; a manifest that says `suspend` means it.
  if (spec.suspend !== undefined)
    planning.switches.push({
      kind: "SCHEDULE",
      location,
      name: manifest.name,
      status,
      place: placeOf(manifest),
    });
}

function planSensor(manifest: ManifestOf<"Sensor">, planning: Planning): void {
  const { spec } = manifest.object;
  const location = locationOf(manifest, spec, planning);
  if (location === null) return;
  const paced = sensorDefinition(manifest.name, spec, placeOf(manifest));
  if (paced) {
    const extra = extraOf(planning, location);
    extra.sensors = [...(extra.sensors ?? []), paced];
  }
  if (spec.suspend !== undefined)
    planning.switches.push({
      kind: "SENSOR",
      location,
      name: spec.sensor ?? manifest.name,
      status: spec.suspend ? "STOPPED" : "RUNNING",
      place: placeOf(manifest),
    });
}

function planRequest(manifest: ManifestOf<"Run"> | ManifestOf<"Backfill">, planning: Planning): void {
  const { spec, metadata } = manifest.object;
  const location = locationOf(manifest, spec, planning);
  noteIgnored(manifest, planning);
  if (location === null) return;
  if (spec.cancel) {
    planning.issues.push(
      manifest.source.issue(
        ["spec", "cancel"],
        `cancel is for the cluster; here use: dagsterctl run terminate, or take the manifest away`,
      ),
    );
    return;
  }
  const executor = executorOf(manifest, spec.executor, planning);
  const content = createHash("sha256").update(JSON.stringify(spec)).digest("hex").slice(0, 16);
  planning.requests.push({
    kind: manifest.kind,
    name: manifest.name,
    location,
    job: jobOfTarget(spec),
    assetSelection: spec.assetSelection,
    runConfig:
      executor === undefined
        ? spec.runConfig
        : { ...spec.runConfig, execution: { config: { [executor]: {} } } },
    tags: { ...spec.tags, [`dagster-operator.io/${manifest.kind.toLowerCase()}`]: manifest.name },
    partitionKey: manifest.kind === "Run" ? manifest.object.spec.partitionKey : undefined,
    ...(manifest.kind === "Backfill"
      ? {
          partitionKeys: manifest.object.spec.partitionKeys,
          partitionRange: manifest.object.spec.partitionRange,
        }
      : {}),
    idempotencyKey: `manifest:${manifest.kind}:${metadata.namespace ?? "default"}/${manifest.name}:${content}`,
    place: placeOf(manifest),
  });
}
