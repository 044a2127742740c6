import type { LocationTemplate } from "@dagster-operator/engine";
import { type CodeLocationSpec, PodFields } from "@dagster-operator/engine/resources";

type Fields = Record<string, unknown>;

/** Lists whose entries have names, by which those of the run template replace those of the location. */
const NAMED = ["env", "volumes", "initContainers", "sidecarContainers", "imagePullSecrets"];

/** How runs of this location are run: its own pod fields, with the run template laid over them. Pure. */
export function runTemplate(spec: CodeLocationSpec): LocationTemplate {
  const { ttlAfterSuccess, ttlAfterFailure, infrastructureRetries, ...over } = spec.runTemplate ?? {};
  const { language, file, module, attribute, workingDirectory } = spec;
  const pod: Fields = {};
  for (const field of Object.keys(PodFields)) {
    const value = lay(field, (spec as Fields)[field], (over as Fields)[field]);
    if (value !== undefined) pod[field] = value;
  }
  return {
    code: {
      language,
      ...(file !== undefined && { file }),
      ...(module !== undefined && { module }),
      ...(attribute !== undefined && { attribute }),
      ...(workingDirectory !== undefined && { workingDirectory }),
    },
    pod,
    ...(ttlAfterSuccess !== undefined && { ttlAfterSuccess }),
    ...(ttlAfterFailure !== undefined && { ttlAfterFailure }),
    ...(infrastructureRetries !== undefined && { infrastructureRetries }),
  };
}

function lay(field: string, below: unknown, above: unknown): unknown {
  if (above === undefined || below === undefined) return above ?? below;
  if (Array.isArray(below) && Array.isArray(above)) {
    if (NAMED.includes(field)) {
      const names = new Set(above.map(nameOf));
      return [...below.filter((entry) => !names.has(nameOf(entry))), ...above];
    }
    // Sources of the environment and tolerations add up; a mount point is taken once.
    if (field === "volumeMounts") {
      const paths = new Set(above.map(({ mountPath }) => mountPath));
      return [...below.filter(({ mountPath }) => !paths.has(mountPath)), ...above];
    }
    return [...below, ...above];
  }
  // Labels, annotations and node selector are maps; affinity, resources and security contexts are taken whole.
  if (["labels", "annotations", "nodeSelector"].includes(field))
    return { ...(below as Fields), ...(above as Fields) };
  return above;
}

const nameOf = (entry: unknown): unknown =>
  typeof entry === "string" ? entry : (entry as { name?: unknown }).name;
