/** Reads manifests: a file or the files of a folder, each with any number of YAML documents. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  API_VERSION,
  BackfillResource,
  CodeLocationResource,
  GROUP,
  JobResource,
  RunResource,
  ScheduleResource,
  SensorResource,
} from "@dagster-operator/engine/resources";
import type { z } from "zod";
import { isFolder, readText } from "../input/file.ts";
import { SourceError, type SourceIssue } from "../input/source.ts";
import { hint } from "../input/suggest.ts";
import { check, readDocuments, type SourceDocument } from "../input/yaml.ts";

const SCHEMAS = {
  CodeLocation: CodeLocationResource,
  Job: JobResource,
  Schedule: ScheduleResource,
  Sensor: SensorResource,
  Run: RunResource,
  Backfill: BackfillResource,
} as const;
export type Kind = keyof typeof SCHEMAS;

/** An object as a file states it, and where. */
export type Manifest = {
  [K in Kind]: { kind: K; name: string; object: z.output<(typeof SCHEMAS)[K]>; source: SourceDocument };
}[Kind];
export type ManifestOf<K extends Kind> = Extract<Manifest, { kind: K }>;

export interface ReadManifests {
  manifests: Manifest[];
  /** What was passed over, for a person to know. */
  notes: string[];
}

/** Which files of a folder are read. */
export const MANIFEST_FILE = /\.(ya?ml|json)$/;

/** @throws NotFound no such file or folder · SourceError every problem of every file */
export function readManifests(path: string): ReadManifests {
  const files = isFolder(path)
    ? readdirSync(path)
        .filter((name) => MANIFEST_FILE.test(name))
        .sort()
        .map((name) => join(path, name))
    : [path];
  const result: ReadManifests = { manifests: [], notes: [] };
  const issues: SourceIssue[] = [];
  for (const file of files) {
    if (/kustomization\.ya?ml$/.test(file)) {
      result.notes.push(
        `${file} is passed over: kustomizations are for kubectl, here the manifests are read as they are`,
      );
      continue;
    }
    collecting(issues, () => {
      for (const document of readDocuments(file, readText(file)))
        collecting(issues, () => readOne(document, result));
    });
  }
  issues.push(...clashes(result.manifests));
  if (issues.length > 0) throw new SourceError(issues);
  if (files.length === 0) result.notes.push(`${path} has no .yaml, .yml or .json file`);
  return result;
}

function collecting(issues: SourceIssue[], work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    issues.push(...error.places);
  }
}

function readOne(document: SourceDocument, result: ReadManifests): void {
  const value = document.value as {
    apiVersion?: unknown;
    kind?: unknown;
    metadata?: { name?: unknown };
  } | null;
  if (
    typeof value !== "object" ||
    value === null ||
    typeof value.apiVersion !== "string" ||
    typeof value.kind !== "string"
  )
    throw new SourceError([document.issue([], "this is no manifest: it needs apiVersion and kind")]);
  const { apiVersion, kind } = value;
  if (apiVersion.split("/")[0] !== GROUP) {
    const { line } = document.place([]);
    result.notes.push(
      `${document.file}:${line}: ${kind} ${String(value.metadata?.name ?? "")} (${apiVersion}) is passed over: it is for Kubernetes`,
    );
    return;
  }
  if (apiVersion !== API_VERSION)
    throw new SourceError([
      document.issue(["apiVersion"], `${apiVersion} is not known; this version knows ${API_VERSION}`),
    ]);
  if (!(kind in SCHEMAS))
    throw new SourceError([
      document.issue(["kind"], `there is no kind "${kind}" in ${GROUP}.${hint(kind, Object.keys(SCHEMAS))}`),
    ]);
  const object = check(document, SCHEMAS[kind as Kind]);
  const name = object.metadata.name ?? object.metadata.generateName ?? "";
  result.manifests.push({ kind, name, object, source: document } as Manifest);
}

/** Two objects of one kind, name and namespace. */
function clashes(manifests: Manifest[]): SourceIssue[] {
  const seen = new Map<string, Manifest>();
  return manifests.flatMap((manifest) => {
    const { metadata } = manifest.object;
    if (metadata.name === undefined) return [];
    const id = JSON.stringify([manifest.kind, metadata.namespace ?? "default", metadata.name]);
    const first = seen.get(id);
    seen.set(id, first ?? manifest);
    if (!first) return [];
    const place = first.source.place(["metadata", "name"]);
    return [
      manifest.source.issue(
        ["metadata", "name"],
        `${manifest.kind} ${metadata.name} is stated twice: also in ${place.file}:${place.line}`,
      ),
    ];
  });
}
