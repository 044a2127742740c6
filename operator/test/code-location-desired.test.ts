import { CodeLocationSpec } from "@dagster-operator/engine/resources";
import { expect, test } from "@jest/globals";
import type { CodeLocationObject } from "../src/code-location/decide.ts";
import { desired } from "../src/code-location/desired.ts";
import { locationName } from "../src/code-location/names.ts";
import { environmentSources } from "../src/code-location/pod-template.ts";
import { runTemplate } from "../src/code-location/run-template.ts";
import { workspaceYaml } from "../src/code-location/workspace-config-map.ts";
import { readFlags } from "../src/flags.ts";

const owner = { name: "orders", namespace: "dagster", uid: "u" };
const spec = (more: Record<string, unknown>) => CodeLocationSpec.parse({ image: "i", file: "d.ts", ...more });
interface Template {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: Record<string, unknown> & {
    containers: Record<string, unknown>[];
    initContainers?: Record<string, unknown>[];
  };
}
function templateOf(more: Record<string, unknown>, checksum = ""): Template {
  const { deployment } = desired(owner, spec(more), checksum);
  return (deployment.spec as { template: Template }).template;
}

test("every pod field of the spec is in the pod", () => {
  const fields = {
    nodeSelector: { disk: "ssd" },
    affinity: { podAffinity: {} },
    tolerations: [{ key: "gpu" }],
    schedulerName: "mine",
    priorityClassName: "high",
    serviceAccountName: "shop",
    volumes: [{ name: "v", emptyDir: {} }],
  };
  const container = {
    imagePullPolicy: "Always",
    env: [{ name: "A", value: "1" }],
    resources: { limits: { memory: "1Gi" } },
    volumeMounts: [{ name: "v", mountPath: "/v" }],
    readinessProbe: { tcpSocket: { port: 1 } },
    livenessProbe: { tcpSocket: { port: 2 } },
    startupProbe: { tcpSocket: { port: 3 } },
  };
  const template = templateOf({
    ...fields,
    ...container,
    imagePullSecrets: ["a", { name: "b" }],
    envConfigMaps: ["c", { name: "d", optional: true }],
    envSecrets: [{ name: "e" }],
    labels: { team: "shop", "app.kubernetes.io/name": "mine" },
    annotations: { note: "n" },
    workingDirectory: "/app",
    attribute: "defs",
    initContainers: [{ name: "first", image: "x" }],
    sidecarContainers: [{ name: "proxy", image: "y" }],
    podSecurityContext: { runAsUser: 7 },
    securityContext: { readOnlyRootFilesystem: true },
  });
  expect(template.spec).toMatchObject(fields);
  expect(template.spec.imagePullSecrets).toEqual([{ name: "a" }, { name: "b" }]);
  expect(template.spec.initContainers).toEqual([
    { name: "first", image: "x" },
    { name: "proxy", image: "y", restartPolicy: "Always" },
  ]);
  expect(template.spec.containers[0]).toMatchObject({
    ...container,
    workingDir: "/app",
    args: ["--file", "d.ts", "--attribute", "defs", "--host", "0.0.0.0", "--port", "3030"],
    envFrom: [
      { configMapRef: { name: "c" } },
      { configMapRef: { name: "d", optional: true } },
      { secretRef: { name: "e" } },
    ],
  });
  expect(template.metadata).toMatchObject({
    annotations: { note: "n" },
    labels: { team: "shop", "app.kubernetes.io/name": "dagster-code-server" },
  });
});

test("code servers are spread among themselves, unless a constraint says otherwise", () => {
  const zone = { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" };
  const other = { ...zone, labelSelector: { matchLabels: { team: "shop" } } };
  const { spec: pod, metadata } = templateOf({ topologySpreadConstraints: [zone, other] });
  const [own, given] = pod.topologySpreadConstraints as { labelSelector: { matchLabels: object } }[];
  expect(own).toMatchObject(zone);
  expect(metadata.labels).toMatchObject(own?.labelSelector.matchLabels ?? { none: "" });
  expect(given).toEqual(other);
});

test("a pod is restricted by default, and keeps what it is not told otherwise", () => {
  const { spec: pod } = templateOf({
    podSecurityContext: { runAsUser: 7 },
    securityContext: { privileged: false },
  });
  expect(pod).toMatchObject({
    automountServiceAccountToken: false,
    securityContext: { runAsUser: 7, runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  });
  expect(pod.containers[0]?.securityContext).toEqual({
    privileged: false,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
  });
});

test("a new environment is a new version, a new run template is not", () => {
  const hash = (more: Record<string, unknown>, checksum: string) =>
    desired(owner, spec(more), checksum).templateHash;
  expect(hash({}, "1")).not.toBe(hash({}, "2"));
  expect(hash({ runTemplate: { labels: { a: "b" } } }, "1")).toBe(hash({}, "1"));
});

test("there is a budget where it is asked for, and where there are several servers", () => {
  const budget = (more: Record<string, unknown>) => desired(owner, spec(more), "").podDisruptionBudget?.spec;
  expect(budget({})).toBeUndefined();
  expect(budget({ replicas: 2 })).toMatchObject({ maxUnavailable: 1 });
  expect(budget({ podDisruptionBudget: { minAvailable: 1 } })).toMatchObject({ minAvailable: 1 });
  expect(budget({ replicas: 2, paused: true })).toBeUndefined();
});

test("the environment comes from what is named as a whole and from single keys", () => {
  expect(
    environmentSources(
      spec({
        envConfigMaps: ["b", { name: "a" }],
        envSecrets: ["s"],
        env: [
          { name: "K", valueFrom: { configMapKeyRef: { name: "c", key: "k" } } },
          { name: "S", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
          { name: "F", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        ],
      }),
    ),
  ).toEqual({ configMaps: ["a", "b", "c"], secrets: ["s"] });
});

test("runs get the pod fields of the location with the run template laid over them", () => {
  const template = runTemplate(
    spec({
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "1" },
      ],
      labels: { a: "1", b: "1" },
      tolerations: [{ key: "x" }],
      resources: { limits: { memory: "1Gi" }, requests: { cpu: 1 } },
      volumeMounts: [{ name: "v", mountPath: "/v" }],
      replicas: 3,
      readinessProbe: {},
      workingDirectory: "/app",
      runTemplate: {
        env: [{ name: "B", value: "2" }],
        labels: { b: "2" },
        tolerations: [{ key: "y" }],
        resources: { limits: { memory: "8Gi" } },
        volumeMounts: [{ name: "w", mountPath: "/v" }],
        ttlAfterSuccess: 60,
      },
    }),
  );
  expect(template).toEqual({
    code: { language: "typescript", file: "d.ts", workingDirectory: "/app" },
    pod: {
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "2" },
      ],
      labels: { a: "1", b: "2" },
      tolerations: [{ key: "x" }, { key: "y" }],
      resources: { limits: { memory: "8Gi" } },
      volumeMounts: [{ name: "w", mountPath: "/v" }],
    },
    ttlAfterSuccess: 60,
  });
});

test("the workspace lists who is not being deleted, in Dagster's shape, with names that are unique", () => {
  const location = (name: string, namespace: string, deletionTimestamp?: string) =>
    ({
      metadata: { name, namespace, ...(deletionTimestamp && { deletionTimestamp }) },
      spec: {},
    }) as CodeLocationObject;
  expect(
    workspaceYaml([location("b", "home"), location("b", "team"), location("a", "home", "now")], "home"),
  ).toBe(`load_from:
  - grpc_server:
      host: dagster-code-b.home.svc
      port: 3030
      location_name: b
  - grpc_server:
      host: dagster-code-b.team.svc
      port: 3030
      location_name: b.team
`);
  expect(workspaceYaml([], "home")).toBe("load_from: []\n");
  expect(locationName({ name: "b", namespace: "team" }, "home")).toBe("b.team");
});

test("flags come from the command line before the environment, and wrong ones are named", () => {
  const env = {
    DAGSTER_OPERATOR_DATABASE_URL: "postgres://x",
    DAGSTER_OPERATOR_KUBE_API_QPS: "7",
    DAGSTER_OPERATOR_METRICS_PORT: "1",
  };
  expect(readFlags(["--watch-namespaces", "a, b", "--metrics-port", "2"], env)).toMatchObject({
    databaseUrl: "postgres://x",
    kubeApiQps: 7,
    kubeApiBurst: 400,
    metricsPort: 2,
    watchNamespaces: ["a", "b"],
    leaseName: "dagster-operator",
  });
  expect(readFlags(["--watch-namespaces", "*"], env).watchNamespaces).toBeNull();
  expect(() => readFlags([], {})).toThrow("--database-url (or DAGSTER_OPERATOR_DATABASE_URL) is missing");
  expect(() => readFlags(["--kube-api-qps", "fast"], env)).toThrow("--kube-api-qps: ");
  expect(() => readFlags(["--watch-namespaces", "a,,b"], env)).toThrow(
    "--watch-namespaces has an empty name",
  );
});
