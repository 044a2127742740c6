/** What manifests become, and what their planning shares. */
import { basename, relative } from "node:path";
import type { TargetFields } from "@dagster-operator/engine/resources";
import type { ExtraDefinitions } from "@dagster-operator/sdk/internal";
import type { SourceIssue } from "../input/source.ts";
import { hint } from "../input/suggest.ts";
import type { LocationSpec } from "../workspace/location.ts";
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

export interface Planning extends ManifestPlan {
  issues: SourceIssue[];
  jobs: Map<string, ManifestOf<"Job">>;
  /** Names of locations: those of the manifests and those of the command line. */
  known: string[];
  env: NodeJS.ProcessEnv;
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
export function noteIgnored(manifest: Manifest, planning: Planning): void {
  const ignored = Object.keys(manifest.object.spec).filter((key) => PLACE_IGNORED.has(key));
  if (ignored.length > 0)
    planning.notes.push(
      `${manifest.kind} ${manifest.name}: ${ignored.join(", ")} ${ignored.length === 1 ? "is" : "are"} for the cluster and not used here`,
    );
}

/** The location that an object is about; through its Job where it names one. null = an issue was noted. */
export function locationOf(manifest: Manifest, spec: TargetFields, planning: Planning): string | null {
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

export function extraOf(planning: Planning, location: string): ExtraDefinitions {
  const extra = planning.extra.get(location) ?? { jobs: [], schedules: [] };
  planning.extra.set(location, extra);
  return extra;
}

export function executorOf(
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

export function placeOf({ source }: Manifest): string {
  const { file, line } = source.place([]);
  const path = relative(process.cwd(), file);
  return `${path.startsWith("..") ? basename(file) : path}:${line}`;
}
