import type { CodeLocationSpec } from "@dagster-operator/engine/resources";
import { CONTAINER, labelsOf, PORT, selectorLabels } from "./names.ts";

type Fields = Record<string, unknown>;

/** Everything that the "restricted" pod security standard asks for. */
const POD_SECURITY = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };
const CONTAINER_SECURITY = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
const CODE_SERVER = "/opt/dagster-operator/codeserver/dist/main.js";
const ENV_CHECKSUM = "dagster-operator.io/env-checksum";

const http = (path: string) => ({ httpGet: { path, port: "http" } });
/** A module may load for minutes and keep the event loop while it does; only after that is silence a fault. */
const STARTUP = { ...http("/readyz"), periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 300 };
const READINESS = { ...http("/readyz?loaded=1"), periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 };
const LIVENESS = { ...http("/healthz"), periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6 };

/**
 * Pod template of a location's code servers. `checksum` is of the ConfigMaps and Secrets that its environment comes from.
 * Pure.
 */
export function podTemplate(name: string, spec: CodeLocationSpec, checksum: string): Fields {
  const container: Fields = {
    name: CONTAINER,
    image: spec.image,
    command: ["node", CODE_SERVER],
    args: codeArguments(spec),
    ports: [{ name: "http", containerPort: PORT, protocol: "TCP" }],
    startupProbe: spec.startupProbe ?? STARTUP,
    readinessProbe: spec.readinessProbe ?? READINESS,
    livenessProbe: spec.livenessProbe ?? LIVENESS,
    securityContext: { ...CONTAINER_SECURITY, ...spec.securityContext },
    // The last lines of a crash become its message, so nobody needs the right to read logs.
    terminationMessagePolicy: "FallbackToLogsOnError",
    ...given({
      workingDir: spec.workingDirectory,
      imagePullPolicy: spec.imagePullPolicy,
      resources: spec.resources,
      volumeMounts: spec.volumeMounts,
      env: spec.env,
      envFrom: envFrom(spec),
    }),
  };
  const sidecars = (spec.sidecarContainers ?? []).map((sidecar) => ({ ...sidecar, restartPolicy: "Always" }));
  const initContainers = [...(spec.initContainers ?? []), ...sidecars];
  return {
    metadata: {
      labels: { ...spec.labels, ...labelsOf(name) },
      annotations: { ...spec.annotations, ...(checksum !== "" && { [ENV_CHECKSUM]: checksum }) },
    },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { ...POD_SECURITY, ...spec.podSecurityContext },
      containers: [container],
      ...(initContainers.length > 0 && { initContainers }),
      ...given({
        serviceAccountName: spec.serviceAccountName,
        schedulerName: spec.schedulerName,
        priorityClassName: spec.priorityClassName,
        nodeSelector: spec.nodeSelector,
        affinity: spec.affinity,
        tolerations: spec.tolerations,
        topologySpreadConstraints: spec.topologySpreadConstraints?.map((constraint) => ({
          labelSelector: { matchLabels: selectorLabels(name) },
          ...constraint,
        })),
        volumes: spec.volumes,
        imagePullSecrets: spec.imagePullSecrets?.map(named),
      }),
    },
  };
}

function codeArguments(spec: CodeLocationSpec): string[] {
  const code = spec.file === undefined ? ["--module", spec.module ?? ""] : ["--file", spec.file];
  const attribute = spec.attribute === undefined ? [] : ["--attribute", spec.attribute];
  return [...code, ...attribute, "--host", "0.0.0.0", "--port", String(PORT)];
}

function envFrom(spec: CodeLocationSpec): Fields[] | undefined {
  const sources = [
    ...(spec.envConfigMaps ?? []).map((source) => ({ configMapRef: named(source) })),
    ...(spec.envSecrets ?? []).map((source) => ({ secretRef: named(source) })),
  ];
  return sources.length > 0 ? sources : undefined;
}

/** A reference that may be given as a bare name. */
const named = (source: string | { name: string }): { name: string } =>
  typeof source === "string" ? { name: source } : source;

const given = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** ConfigMaps and Secrets whose content is in the environment of the container, by name. Pure. */
export function environmentSources(spec: CodeLocationSpec): { configMaps: string[]; secrets: string[] } {
  const refs = (spec.env ?? []).map(({ valueFrom }) => valueFrom ?? {});
  const keyed = (field: string) =>
    refs.flatMap((from) => {
      const ref = from[field] as { name?: unknown } | undefined;
      return typeof ref?.name === "string" ? [ref.name] : [];
    });
  const all = (names: string[]) => [...new Set(names)].sort();
  return {
    configMaps: all([
      ...(spec.envConfigMaps ?? []).map((each) => named(each).name),
      ...keyed("configMapKeyRef"),
    ]),
    secrets: all([...(spec.envSecrets ?? []).map((each) => named(each).name), ...keyed("secretKeyRef")]),
  };
}
