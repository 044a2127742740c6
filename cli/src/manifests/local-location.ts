import { dirname } from "node:path";
import type { CodeLocationSpec, EnvVar } from "@dagster-operator/engine/resources";
import { absolute, fileProblem, type LocationSpec, resolveModule } from "../workspace/location.ts";
import { noteIgnored, type Planning, placeOf } from "./planning.ts";
import type { ManifestOf } from "./read.ts";

/** A CodeLocation as a location of this machine. null = an issue was noted. */
export function toLocation(manifest: ManifestOf<"CodeLocation">, planning: Planning): LocationSpec | null {
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
  const folder = codeFolder(source.file, spec.file);
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

/**
 * Where the paths of a location count from, which in a cluster is the folder of the code in its image: the manifest's own
 * folder, or the one that dagsterctl was started in, whichever has the file.
 */
function codeFolder(manifestFile: string, file: string | undefined): string {
  const own = dirname(absolute(manifestFile, "."));
  const here = absolute(".", ".");
  return file !== undefined && fileProblem(absolute(file, own)) && !fileProblem(absolute(file, here))
    ? here
    : own;
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
