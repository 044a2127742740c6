/** Which code locations the flags -f, -m, -w and -k name, or the files that lie here when there are none. */
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { InvalidInput, NotFound } from "@dagster-operator/engine";
import { planManifests } from "../manifests/plan.ts";
import type { ManifestPlan } from "../manifests/planning.ts";
import { readManifests } from "../manifests/read.ts";
import {
  absolute,
  fileProblem,
  type LocationSpec,
  locationNames,
  readEnvFile,
  resolveModule,
} from "./location.ts";
import { readWorkspaceFile } from "./workspace-file.ts";

export interface LocationFlags {
  file?: string[];
  module?: string[];
  workspace?: string[];
  manifests?: string[];
  name?: string;
  attribute?: string;
  workingDirectory?: string;
  envFile?: string;
}

export interface Chosen {
  locations: LocationSpec[];
  manifests: ManifestPlan | null;
  notes: string[];
}

/** Of flags `withDefaults`. @throws NotFound · InvalidInput · SourceError */
export function chooseLocations(flags: LocationFlags, cwd: string): Chosen {
  const locations: LocationSpec[] = [
    ...fromFiles(flags, cwd),
    ...(flags.workspace ?? []).flatMap((path) => readWorkspaceFile(readable(path, cwd))),
  ];
  const notes: string[] = [];
  let manifests: ManifestPlan | null = null;
  if (flags.manifests) {
    const read = flags.manifests.map((path) => readManifests(readable(path, cwd)));
    manifests = planManifests(
      read.flatMap((one) => one.manifests),
      locations.map(({ name }) => name),
    );
    locations.push(...manifests.locations);
    notes.push(...read.flatMap((one) => one.notes), ...manifests.notes);
  }
  const names = locations.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new InvalidInput(
      `Two code locations are named "${twice}". Give one another name: --name, or location_name in workspace.yaml.`,
    );
  return { locations, manifests, notes };
}

/** Messages name a file as the person would. */
function readable(path: string, cwd: string): string {
  const full = absolute(path, cwd);
  if (!existsSync(full)) throw new NotFound("File", path, `there is none of this name in ${cwd}`);
  const near = relative(process.cwd(), full);
  return near === "" || near.startsWith("..") ? full : near;
}

/** What lies here, where no flag names anything. @throws InvalidInput nothing does */
export function withDefaults(flags: LocationFlags, cwd: string): LocationFlags {
  if (flags.file || flags.module || flags.workspace || flags.manifests) return flags;
  if (existsSync(absolute("workspace.yaml", cwd))) return { ...flags, workspace: ["workspace.yaml"] };
  const found = ["definitions.ts", "src/definitions.ts"].find((path) => existsSync(absolute(path, cwd)));
  if (found) return { ...flags, file: [found] };
  throw new InvalidInput(
    `There is nothing to load: ${cwd} has no workspace.yaml, definitions.ts or src/definitions.ts, and no flag names another.

Write definitions.ts:

  import { asset, Definitions } from "@dagster-operator/sdk";
  const numbers = asset("numbers", {}, () => [1, 2, 3]);
  export default new Definitions({ assets: [numbers] });

Then: dagsterctl dev            (or name files: dagsterctl dev -f path/to/definitions.ts)`,
  );
}

function fromFiles(flags: LocationFlags, cwd: string): LocationSpec[] {
  const named = (flags.file ?? []).length + (flags.module ?? []).length;
  if (named !== 1)
    for (const flag of ["name", "attribute"] as const)
      if (flags[flag] !== undefined)
        throw new InvalidInput(
          `--${flag} is about one -f or -m, and ${named === 0 ? "none is" : `${named} are`} flags. Use a workspace.yaml for more.`,
        );
  const workingDirectory = absolute(flags.workingDirectory ?? ".", cwd);
  if (!existsSync(workingDirectory))
    throw new NotFound("Folder", workingDirectory, "--working-directory names it");
  const envFile = flags.envFile === undefined ? undefined : absolute(flags.envFile, cwd);
  const env = envFile === undefined ? {} : readEnvFile(envFile);
  const files = (flags.file ?? []).map((path) => {
    const file = absolute(path, cwd);
    if (!existsSync(file)) throw new NotFound("File", path, `there is none of this name in ${cwd}`);
    const problem = fileProblem(file);
    if (problem) throw new InvalidInput(`-f ${path}: ${problem}`);
    return file;
  });
  const names = locationNames(files, cwd);
  return [
    ...files.map((file, index) => ({ name: names[index] ?? file, file })),
    ...(flags.module ?? []).map((module) => ({
      name: module,
      file: resolveModule(module, workingDirectory),
    })),
  ].map(({ name, file }) => ({
    kind: "typescript",
    name: flags.name ?? name,
    file,
    attribute: flags.attribute,
    workingDirectory,
    envFile,
    env,
  }));
}
