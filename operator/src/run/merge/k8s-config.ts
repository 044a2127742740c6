/** What Dagster calls raw Kubernetes config (`dagster-k8s/config`): parts of a Job, and how they are laid over each other. */
import { isObject, type Json, normalize, snakeCase, wrong } from "./normalize.ts";

const MODELS = {
  containerConfig: "V1Container",
  podTemplateSpecMetadata: "V1ObjectMeta",
  podSpecConfig: "V1PodSpec",
  jobConfig: "V1Job",
  jobMetadata: "V1ObjectMeta",
  jobSpecConfig: "V1JobSpec",
} as const;
export type Section = keyof typeof MODELS;
export const SECTIONS = Object.keys(MODELS) as Section[];

/** All sections, as the API spells their fields. `mergeBehavior` says how this one is laid over another. */
export type K8sConfig = Record<Section, Json> & { mergeBehavior: "DEEP" | "SHALLOW" };

export function emptyConfig(): K8sConfig {
  return {
    containerConfig: {},
    podTemplateSpecMetadata: {},
    podSpecConfig: {},
    jobConfig: {},
    jobMetadata: {},
    jobSpecConfig: {},
    mergeBehavior: "DEEP",
  };
}

/**
 * Of JSON with sections and fields in snake_case or camelCase.
 * @throws InvalidInput names the section or field that is wrong
 */
export function readK8sConfig(value: unknown, path: string): K8sConfig {
  if (!isObject(value)) throw wrong(path, `must be an object, not ${JSON.stringify(value)}`);
  const config = emptyConfig();
  for (const [key, given] of Object.entries(value)) {
    if (key === "merge_behavior" || key === "mergeBehavior") {
      if (given !== "DEEP" && given !== "SHALLOW")
        throw wrong(`${path}.${key}`, `must be DEEP or SHALLOW, not ${JSON.stringify(given)}`);
      config.mergeBehavior = given;
      continue;
    }
    const section = SECTIONS.find((name) => key === name || key === snakeCase(name));
    if (!section)
      throw wrong(`${path}.${key}`, `is no section: there are ${SECTIONS.map(snakeCase).join(", ")}`);
    config[section] = normalize(MODELS[section], given ?? {}, `${path}.${key}`);
  }
  return config;
}

/**
 * `from` laid over `onto`, by `from`'s merge behavior. DEEP: objects merge, lists are joined without what is there already,
 * but `command` and `args` are replaced. SHALLOW: of each section, a field of `from` replaces the whole field. Pure.
 * @throws InvalidInput a field is a list or an object on one side only
 */
export function mergeK8sConfig(onto: K8sConfig, from: K8sConfig): K8sConfig {
  const merged = { mergeBehavior: from.mergeBehavior } as K8sConfig;
  for (const section of SECTIONS)
    merged[section] =
      from.mergeBehavior === "DEEP"
        ? deepMerge(onto[section], from[section], snakeCase(section))
        : { ...onto[section], ...from[section] };
  return merged;
}

const REPLACED = new Set(["command", "args"]);

function deepMerge(onto: Json, from: Json, path: string): Json {
  const merged = { ...onto };
  for (const [key, value] of Object.entries(from)) {
    const old = onto[key];
    const place = `${path}.${key}`;
    if (!(key in onto)) merged[key] = value;
    else if (Array.isArray(value) && !REPLACED.has(key)) {
      if (!Array.isArray(old)) throw wrong(place, "is a list here and none in what it is laid over");
      merged[key] = dedupe([...old, ...value]);
    } else if (isObject(value)) {
      if (!isObject(old)) throw wrong(place, "is an object here and none in what it is laid over");
      merged[key] = deepMerge(old, value, place);
    } else merged[key] = value;
  }
  return merged;
}

function dedupe(values: unknown[]): unknown[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const text = canonical(value);
    return !seen.has(text) && seen.add(text);
  });
}

/** JSON with the keys of each object in order: equal values give equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, given) =>
    isObject(given) ? Object.fromEntries(Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1))) : given,
  );
}
