import { beforeAll, describe, expect, test } from "@jest/globals";
import { find, installKinds, notes, render, USER_CODE } from "../src/chart.ts";
import { helm, kubectl } from "../src/command.ts";

beforeAll(installKinds);

describe("the chart dagster-user-deployments", () => {
  test("is clean, and makes nothing of no deployments", async () => {
    expect(await helm(["lint", "--strict", USER_CODE])).toContain("0 chart(s) failed");
    expect(await render(USER_CODE)).toEqual([]);
  });

  const orders = {
    name: "orders",
    image: { repository: "r/orders", tag: "1.4.2", pullPolicy: "Always" },
    dagsterApiGrpcArgs: ["--python-file", "/app/defs.py", "-a", "defs", "--working-directory=/app"],
    port: 4000,
    env: { A: "1", B: 2 },
    envConfigMaps: [{ name: "more" }],
    envSecrets: [{ name: "secret" }],
    labels: { team: "sales" },
    nodeSelector: { disk: "ssd" },
    tolerations: [{ key: "x", operator: "Exists" }],
    volumes: [{ name: "v", emptyDir: {} }],
    volumeMounts: [{ name: "v", mountPath: "/v" }],
    resources: { limits: { memory: "1Gi" } },
    replicaCount: 2,
    pdb: { minAvailable: 1 },
    serviceAccount: { create: true, annotations: { a: "b" } },
    // As the official schema has it: with `enabled` or without.
    startupProbe: { httpGet: { path: "/readyz", port: 3030 } },
    readinessProbe: { enabled: true, periodSeconds: 3 },
    livenessProbe: { enabled: true, exec: { command: ["true"] } },
    includeConfigInLaunchedRuns: { enabled: true },
  };

  test("makes a CodeLocation of an official deployment, which the API server takes", async () => {
    const manifests = await render(USER_CODE, {
      deployments: [orders],
      imagePullSecrets: [{ name: "pull" }],
    });
    expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
      "CodeLocation orders",
      "ConfigMap rel-orders-user-env",
      "ServiceAccount rel-orders",
    ]);
    expect(find(manifests, "ConfigMap", "rel-orders-user-env").data).toEqual({ A: "1", B: "2" });
    const location = find(manifests, "CodeLocation", "orders");
    expect(location.spec).toEqual({
      image: "r/orders:1.4.2",
      imagePullPolicy: "Always",
      language: "python",
      file: "/app/defs.py",
      attribute: "defs",
      workingDirectory: "/app",
      envConfigMaps: [{ name: "more" }, { name: "rel-orders-user-env" }],
      envSecrets: orders.envSecrets,
      labels: orders.labels,
      nodeSelector: orders.nodeSelector,
      tolerations: orders.tolerations,
      volumes: orders.volumes,
      volumeMounts: orders.volumeMounts,
      resources: orders.resources,
      replicas: 2,
      podDisruptionBudget: { minAvailable: 1 },
      serviceAccountName: "rel-orders",
      imagePullSecrets: [{ name: "pull" }],
      startupProbe: orders.startupProbe,
      livenessProbe: { exec: { command: ["true"] } },
    });
    await kubectl(["apply", "--dry-run=server", "-n", "default", "-f", "-"], JSON.stringify(location));
    expect(await notes(USER_CODE, { deployments: [orders] })).toMatch(
      /orders\.port: [\s\S]*orders\.readinessProbe: it names no exec/,
    );
  });

  test("lays labels over its objects, and leaves out replicas that an autoscaler sets", async () => {
    const spread = [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" }];
    const [location] = await render(USER_CODE, {
      commonLabels: { team: "data" },
      deployments: [
        {
          ...{ name: "ts", image: { repository: "r/ts" }, file: "definitions.ts", replicaCount: null },
          ...{ deploymentLabels: { tier: "gold" }, topologySpreadConstraints: spread },
        },
      ],
    });
    expect(location.metadata.labels).toMatchObject({ team: "data", tier: "gold" });
    expect(location.spec).toEqual({
      ...{ image: "r/ts:0.1.0", file: "definitions.ts", topologySpreadConstraints: spread },
    });
  });

  test("takes TypeScript code by its own fields, and the chart's version as the tag", async () => {
    const [location] = await render(USER_CODE, {
      deployments: [
        {
          name: "ts",
          image: { repository: "r/ts" },
          file: "definitions.ts",
          env: [{ name: "X", value: "z" }],
        },
      ],
    });
    expect(location.spec).toEqual({
      image: "r/ts:0.1.0",
      file: "definitions.ts",
      env: [{ name: "X", value: "z" }],
    });
  });

  test("takes the official chart's defaults and nulls without a word, and no probe of Dagster's gRPC server", async () => {
    const probe = { periodSeconds: 20, timeoutSeconds: 10, successThreshold: 1, failureThreshold: 3 };
    const command = ["dagster", "api", "grpc-health-check", "-p", "3030"];
    const deployment = {
      ...{ name: "py", image: { repository: "r/py", tag: null, pullPolicy: "Always" }, port: 3030 },
      ...{ dagsterApiGrpcArgs: ["-f", "/app/repo.py"], includeConfigInLaunchedRuns: { enabled: true } },
      ...{ env: [], labels: {}, annotations: null, resources: null, service: { annotations: {} } },
      ...{ readinessProbe: { enabled: true, ...probe }, startupProbe: { enabled: false } },
    };
    const chart = { enabled: true, enableSubchart: true, dagsterHome: "/opt/dagster/dagster_home" };
    const values = { ...chart, deployments: [{ ...deployment, livenessProbe: {} }], extraManifests: null };
    const [location] = await render(USER_CODE, values);
    expect(location.spec).toEqual({
      ...{ image: "r/py:0.1.0", imagePullPolicy: "Always", file: "/app/repo.py", language: "python" },
    });
    const said = await notes(USER_CODE, values);
    expect(said).not.toContain("no effect");
    expect(said).toContain("the code of py is Python, which this version does not serve");
    const asked = { deployments: [{ ...deployment, livenessProbe: { exec: { command } } }] };
    expect((await render(USER_CODE, asked))[0].spec).toEqual(location.spec);
    expect(await notes(USER_CODE, asked)).toContain("py.livenessProbe: it asks a gRPC server");
  });

  test("refuses two deployments of one name", async () => {
    const one = { name: "x", image: { repository: "r/x" }, file: "definitions.ts" };
    await expect(render(USER_CODE, { deployments: [one, one] })).rejects.toThrow("two have the name x");
  });

  test.each([
    [{ codeServerArgs: ["--heartbeat"] }, '"--heartbeat" has no meaning here'],
    [{ codeServerArgs: ["-f"] }, "the last argument needs a value"],
    [{ codeServerArgs: ["-f", "a.ts", "-m", "b"] }, "by either a file or a module"],
    [{}, "by either a file or a module"],
    [{ strategy: {} }, "strategy"],
  ])("refuses a deployment with %j", async (fields, told) => {
    const deployments = [{ name: "x", image: { repository: "r/x" }, ...fields }];
    await expect(render(USER_CODE, { deployments })).rejects.toThrow(told);
  });
});
