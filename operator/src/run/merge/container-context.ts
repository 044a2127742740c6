/** Layers of config as their owners write them, each turned into a K8sConfig. */
import { InvalidInput } from "@dagster-operator/engine";
import { emptyConfig, type K8sConfig, mergeK8sConfig, readK8sConfig } from "./k8s-config.ts";
import { isObject, type Json, normalize, snakeCase, wrong } from "./normalize.ts";

export const CONFIG_TAG = "dagster-k8s/config";
const RESOURCES_TAG = "dagster-k8s/resource_requirements";

/**
 * What the tags of a job or op say. Tags that are not about Kubernetes are passed over.
 * @throws InvalidInput the tag is no JSON, or not of the shape
 */
export function configOfTags(tags: Readonly<Record<string, string>>): K8sConfig {
  const config =
    CONFIG_TAG in tags ? readK8sConfig(parse(CONFIG_TAG, tags), `tag ${CONFIG_TAG}`) : emptyConfig();
  if (!(RESOURCES_TAG in tags)) return config;
  const given = parse(RESOURCES_TAG, tags);
  const { containerConfig } = readK8sConfig(
    { container_config: { resources: given } },
    `tag ${RESOURCES_TAG}`,
  );
  return { ...config, containerConfig: { ...config.containerConfig, ...containerConfig } };
}

function parse(tag: string, tags: Readonly<Record<string, string>>): unknown {
  try {
    return JSON.parse(tags[tag] ?? "");
  } catch (cause) {
    throw new InvalidInput(`tag ${tag} is not JSON: ${(cause as Error).message}`, [
      { path: `tags.${tag}`, message: "must be JSON" },
    ]);
  }
}

const CONTEXT_FIELDS = [
  "imagePullPolicy",
  "imagePullSecrets",
  "serviceAccountName",
  "envConfigMaps",
  "envSecrets",
  "envVars",
  "env",
  "volumeMounts",
  "volumes",
  "labels",
  "resources",
  "schedulerName",
  "securityContext",
] as const;
type ContextField = (typeof CONTEXT_FIELDS)[number];

/**
 * The settings of dagster-k8s' run launcher, of a code location's container context, or of its executor: fields in
 * snake_case or camelCase, and `rawKey` (`run_k8s_config`, `step_k8s_config`) laid over them. Fields that are about other
 * things than the pod (`job_namespace`, `max_concurrent`, …) are passed over.
 * @throws InvalidInput names the field that is wrong
 */
export function readContainerContext(value: unknown, rawKey = "run_k8s_config"): K8sConfig {
  if (!isObject(value)) throw wrong("the Kubernetes settings", "must be an object");
  const fields: Partial<Record<ContextField, unknown>> = {};
  for (const name of CONTEXT_FIELDS) {
    const given = value[name] ?? value[snakeCase(name)];
    if (given !== undefined && given !== null) fields[name] = given;
  }
  const camelRaw = rawKey.replaceAll(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
  const raw = value[rawKey] ?? value[camelRaw] ?? {};
  return mergeK8sConfig(configOfContext(fields), readK8sConfig(raw, rawKey));
}

function configOfContext(fields: Partial<Record<ContextField, unknown>>): K8sConfig {
  const list = (name: ContextField): unknown[] => {
    const given = fields[name] ?? [];
    if (!Array.isArray(given)) throw wrong(name, "must be a list");
    return given;
  };
  const env = [...list("envVars").map((entry) => envVar(String(entry))), ...list("env")];
  return raw(
    {
      imagePullPolicy: fields.imagePullPolicy,
      resources: fields.resources,
      securityContext: fields.securityContext,
      volumeMounts: list("volumeMounts"),
      envFrom: envFrom(list("envConfigMaps"), list("envSecrets")),
      env,
    },
    {
      imagePullSecrets: list("imagePullSecrets"),
      serviceAccountName: fields.serviceAccountName,
      schedulerName: fields.schedulerName,
      volumes: list("volumes"),
    },
    { labels: fields.labels },
  );
}

/** `NAME=value`, or `NAME` alone: the value that this process has. */
function envVar(entry: string): Json {
  const equals = entry.indexOf("=");
  if (equals > 0) return { name: entry.slice(0, equals), value: entry.slice(equals + 1) };
  const value = process.env[entry];
  if (value === undefined)
    throw wrong("env_vars", `names ${entry} without a value, and this process has none of that name`);
  return { name: entry, value };
}

const nameOf = (given: unknown): string => (isObject(given) ? String(given.name) : String(given));

function envFrom(configMaps: unknown[], secrets: unknown[]): Json[] {
  const rest = (given: unknown) => (isObject(given) && given.optional === true ? { optional: true } : {});
  return [
    ...configMaps.map((given) => ({ configMapRef: { name: nameOf(given), ...rest(given) } })),
    ...secrets.map((given) => ({ secretRef: { name: nameOf(given), ...rest(given) } })),
  ];
}

/**
 * A code location's pod fields (`PodFields`, names of the user-deployments chart). More of them reach the pods of runs than
 * from the official chart: annotations, node selector, affinity, tolerations and security contexts too. Sidecars become init
 * containers that go on (`restartPolicy: Always`), so that a Job ends although they do not.
 */
export function configOfPodFields(pod: Readonly<Record<string, unknown>>): K8sConfig {
  const list = (name: string): unknown[] => (Array.isArray(pod[name]) ? pod[name] : []);
  const sidecars = list("sidecarContainers").map((sidecar) => ({
    ...(sidecar as Json),
    restartPolicy: "Always",
  }));
  return raw(
    {
      imagePullPolicy: pod.imagePullPolicy,
      resources: pod.resources,
      securityContext: pod.securityContext,
      volumeMounts: list("volumeMounts"),
      envFrom: envFrom(list("envConfigMaps"), list("envSecrets")),
      env: list("env"),
    },
    {
      imagePullSecrets: list("imagePullSecrets").map((secret) => ({ name: nameOf(secret) })),
      serviceAccountName: pod.serviceAccountName,
      schedulerName: pod.schedulerName,
      priorityClassName: pod.priorityClassName,
      nodeSelector: pod.nodeSelector,
      affinity: pod.affinity,
      tolerations: list("tolerations"),
      securityContext: pod.podSecurityContext,
      volumes: list("volumes"),
      initContainers: [...list("initContainers"), ...sidecars],
    },
    { labels: pod.labels, annotations: pod.annotations },
  );
}

/** Leaves out what says nothing. */
function raw(container: Json, podSpec: Json, metadata: Json): K8sConfig {
  const labels = said({ labels: metadata.labels });
  return {
    ...emptyConfig(),
    containerConfig: normalize("V1Container", said(container), "container_config"),
    podSpecConfig: normalize("V1PodSpec", said(podSpec), "pod_spec_config"),
    podTemplateSpecMetadata: normalize("V1ObjectMeta", said(metadata), "pod_template_spec_metadata"),
    jobMetadata: normalize("V1ObjectMeta", labels, "job_metadata"),
  };
}

function said(fields: Json): Json {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) =>
        value !== undefined &&
        value !== null &&
        value !== "" &&
        !(typeof value === "object" && Object.keys(value).length === 0),
    ),
  );
}
