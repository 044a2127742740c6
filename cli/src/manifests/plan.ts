/** What manifests mean on one machine. Pure: objects in, locations, definitions and requests out; every doubt is an issue with its place. */
import { createHash } from "node:crypto";
import { basename, dirname, relative } from "node:path";
import {
  type CodeLocationSpec,
  definitionName,
  type EnvVar,
  type TargetFields,
} from "@dagster-operator/engine/resources";
import type { ExtraDefinitions } from "@dagster-operator/sdk/internal";
import { SourceError, type SourceIssue } from "../input/source.ts";
import { hint } from "../input/suggest.ts";
import { absolute, fileProblem, type LocationSpec, resolveModule } from "../workspace/location.ts";
import type { Manifest, ManifestOf } from "./read.ts";

/** A run or the runs of a backfill, to be submitted once. */
export interface ManifestRequest {
  kind: "Run" | "Backfill";
  name: string;
  location: string;
  /** Absent: `assetSelection`. */
  job?: string | undefined;
  assetSelection?: string | undefined;
  runConfig?: Record<string, unknown> | undefined;
  tags: Record<string, string>;
  partitionKey?: string | undefined;
  partitionKeys?: string[] | undefined;
  partitionRange?: { start: string; end: string } | undefined;
  /** Same name and content → same key, so a restart submits nothing twice, and a changed file is a new request. */
  idempotencyKey: string;
  /** `file:line` */
  place: string;
}

/** A schedule or sensor of the code that a manifest switches. */
export interface ManifestSwitch {
  kind: "SCHEDULE" | "SENSOR";
  location: string;
  name: string;
  status: "RUNNING" | "STOPPED";
  place: string;
}

export interface ManifestPlan {
  locations: LocationSpec[];
  /** By location. */
  extra: Map<string, ExtraDefinitions>;
  requests: ManifestRequest[];
  switches: ManifestSwitch[];
  notes: string[];
}

interface Planning extends ManifestPlan {
  issues: SourceIssue[];
  jobs: Map<string, ManifestOf<"Job">>;
  /** Names of locations: those of the manifests and those of the command line. */
  known: string[];
  env: NodeJS.ProcessEnv;
}

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

const PLACE_IGNORED = new Set([
  "image",
  "replicas",
  "imagePullPolicy",
  "imagePullSecrets",
  "annotations",
  "labels",
  "nodeSelector",
  "affinity",
  "tolerations",
  "podSecurityContext",
  "securityContext",
  "resources",
  "serviceAccountName",
  "schedulerName",
  "priorityClassName",
  "volumes",
  "volumeMounts",
  "initContainers",
  "sidecarContainers",
  "readinessProbe",
  "livenessProbe",
  "startupProbe",
  "podDisruptionBudget",
  "runTemplate",
  "podTemplate",
]);

/** Says what of a spec only a cluster can do. */
function noteIgnored(manifest: Manifest, planning: Planning): void {
  const ignored = Object.keys(manifest.object.spec).filter((key) => PLACE_IGNORED.has(key));
  if (ignored.length > 0)
    planning.notes.push(
      `${manifest.kind} ${manifest.name}: ${ignored.join(", ")} ${ignored.length === 1 ? "is" : "are"} for the cluster and not used here`,
    );
}

function toLocation(manifest: ManifestOf<"CodeLocation">, planning: Planning): LocationSpec | null {
  const { name, source } = manifest;
  const spec: CodeLocationSpec = manifest.object.spec;
  noteIgnored(manifest, planning);
  const fail = (path: PropertyKey[], message: string) => {
    planning.issues.push(source.issue(["spec", ...path], message));
    return null;
  };
  if (spec.paused) {
    return {
      kind: "unsupported",
      name,
      source: { manifest: source.file },
      message: `Code location ${name} is paused by its manifest ${placeOf(manifest)}.`,
    };
  }
  if (spec.language === "python")
    return {
      kind: "unsupported",
      name,
      source: { manifest: source.file },
      message: `Code location ${name} is Dagster Python. The Python bridge comes in a later version of dagster-operator.`,
    };
  const folder = dirname(absolute(source.file, "."));
  const workingDirectory = absolute(spec.workingDirectory ?? ".", folder);
  let file: string;
  try {
    file =
      spec.file === undefined
        ? resolveModule(spec.module ?? "", workingDirectory)
        : absolute(spec.file, folder);
  } catch (error) {
    return fail(["module"], error instanceof Error ? error.message : String(error));
  }
  const problem = fileProblem(file);
  if (problem) return fail([spec.file === undefined ? "module" : "file"], problem);
  for (const field of ["envConfigMaps", "envSecrets"] as const)
    if (spec[field] !== undefined)
      planning.notes.push(
        `CodeLocation ${name}: ${field} cannot be read here; its variables come from your shell`,
      );
  return {
    kind: "typescript",
    name,
    file,
    attribute: spec.attribute,
    workingDirectory,
    env: environment(spec.env ?? [], manifest, planning),
  };
}

function environment(
  vars: EnvVar[],
  manifest: ManifestOf<"CodeLocation">,
  planning: Planning,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [index, { name, value, valueFrom }] of vars.entries()) {
    if (valueFrom === undefined) env[name] = value ?? "";
    else if (planning.env[name] === undefined)
      planning.issues.push(
        manifest.source.issue(
          ["spec", "env", index, "valueFrom"],
          `${name} comes from the cluster (${Object.keys(valueFrom).join(", ")}); set it in your shell to run this location here`,
        ),
      );
  }
  return env;
}

function planJob(manifest: ManifestOf<"Job">, planning: Planning): void {
  const { spec } = manifest.object;
  const location = locationOf(manifest, spec, planning);
  noteIgnored(manifest, planning);
  if (location === null) return;
  if (spec.job === definitionName(manifest.name)) {
    planning.issues.push(
      manifest.source.issue(
        ["metadata", "name"],
        `a Job over job ${spec.job} of the code needs a name of its own`,
      ),
    );
    return;
  }
  extraOf(planning, location).jobs.push({
    name: definitionName(manifest.name),
    description: spec.description,
    target: spec.job === undefined ? { selection: spec.assetSelection ?? "*" } : { job: spec.job },
    runConfig: spec.runConfig,
    tags: {
      ...spec.tags,
      ...(spec.partitionKey === undefined ? {} : { "dagster/partition": spec.partitionKey }),
    },
    executor: executorOf(manifest, spec.executor, planning),
    source: placeOf(manifest),
  });
}

function planSchedule(manifest: ManifestOf<"Schedule">, planning: Planning): void {
  const { spec } = manifest.object;
  const location = locationOf(manifest, spec, planning);
  if (location === null) return;
  const status = spec.suspend ? "STOPPED" : "RUNNING";
  if (spec.cron === undefined) {
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
  let job = jobOf(spec);
  if (job === undefined) {
    // A schedule needs a job: one of its own over the selection.
    job = `${definitionName(manifest.name)}_run`;
    extra.jobs.push({
      name: job,
      description: `What Schedule ${manifest.name} runs`,
      target: { selection: spec.assetSelection ?? "*" },
      tags: {},
      executor: executorOf(manifest, spec.executor, planning),
      source: placeOf(manifest),
    });
  } else if (spec.executor !== undefined)
    planning.issues.push(
      manifest.source.issue(
        ["spec", "executor"],
        "a Schedule over a job takes the job's executor here: set it on a Job and name that with jobRef",
      ),
    );
  if (spec.catchUp !== undefined)
    planning.issues.push(
      manifest.source.issue(
        ["spec", "catchUp"],
        "catchUp cannot be set for one schedule yet; the daemon makes up for at most 5 missed ticks",
      ),
    );
  extra.schedules.push({
    name: definitionName(manifest.name),
    job,
    cron: typeof spec.cron === "string" ? [spec.cron] : spec.cron,
    timezone: spec.timeZone,
    runConfig: spec.runConfig,
    tags: spec.tags ?? {},
    partitionKey: spec.partitionKey === "latest" ? undefined : spec.partitionKey,
    status,
    source: placeOf(manifest),
  });
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
  if (spec.minimumInterval !== undefined)
    planning.issues.push(
      manifest.source.issue(
        ["spec", "minimumInterval"],
        "minimumInterval cannot be changed here yet: set it in the code of the sensor",
      ),
    );
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
    job: jobOf(spec),
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

/** The location that an object is about; through its Job where it names one. null = an issue was noted. */
function locationOf(manifest: Manifest, spec: TargetFields, planning: Planning): string | null {
  if (spec.jobRef) {
    const job = planning.jobs.get(spec.jobRef.name);
    if (job) return job.object.spec.codeLocation ?? null;
    const names = hint(spec.jobRef.name, planning.jobs.keys());
    planning.issues.push(
      manifest.source.issue(
        ["spec", "jobRef", "name"],
        `there is no Job "${spec.jobRef.name}" among these manifests.${names}`,
      ),
    );
    return null;
  }
  const name = spec.codeLocation ?? "";
  if (planning.known.includes(name)) return name;
  planning.issues.push(
    manifest.source.issue(
      ["spec", "codeLocation"],
      `there is no CodeLocation "${name}" among these manifests.${hint(name, planning.known)}`,
    ),
  );
  return null;
}

const jobOf = ({ jobRef, job }: TargetFields) => (jobRef ? definitionName(jobRef.name) : job);

function extraOf(planning: Planning, location: string): ExtraDefinitions {
  const extra = planning.extra.get(location) ?? { jobs: [], schedules: [] };
  planning.extra.set(location, extra);
  return extra;
}

function executorOf(
  manifest: Manifest,
  executor: "in_process" | "multiprocess" | "k8s_job" | undefined,
  planning: Planning,
) {
  if (executor !== "k8s_job") return executor;
  planning.notes.push(
    `${manifest.kind} ${manifest.name}: executor k8s_job runs here as multiprocess, a process for each step`,
  );
  return "multiprocess";
}

function placeOf({ source }: Manifest): string {
  const { file, line } = source.place([]);
  const path = relative(process.cwd(), file);
  return `${path.startsWith("..") ? basename(file) : path}:${line}`;
}
