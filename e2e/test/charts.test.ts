import { beforeAll, describe, expect, test } from "@jest/globals";
import { stringify } from "yaml";
import { DAGSTER, find, installKinds, type Manifest, notes, render } from "../src/chart.ts";
import { helm, kubectl } from "../src/command.ts";

beforeAll(installKinds);

describe("the chart dagster", () => {
  test("is clean, and makes objects that the API server takes", async () => {
    expect(await helm(["lint", "--strict", DAGSTER])).toContain("0 chart(s) failed");
    const text = await helm(["template", "rel", DAGSTER, "--kube-version", "1.34.0", "-n", "default"]);
    await kubectl(["apply", "--dry-run=server", "-n", "default", "-f", "-"], text);
  });

  test("gives rights to the operator alone, by name and without a wildcard", async () => {
    const manifests = await render(DAGSTER, { operator: { watchNamespaces: ["team-a"] } });
    const roles = manifests.filter(({ kind }) => /Role$/.test(kind));
    expect(
      roles.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? "data"}/${metadata.name}`),
    ).toEqual([
      "Role data/rel-dagster-operator-home",
      "Role data/rel-dagster-operator",
      "Role team-a/rel-dagster-operator",
    ]);
    for (const rule of roles.flatMap(({ rules }) => rules))
      expect([...rule.apiGroups, ...rule.resources, ...rule.verbs]).not.toContain("*");
    const subjects = manifests.filter(({ kind }) => /Binding$/.test(kind)).flatMap((each) => each.subjects);
    expect(new Set(subjects.map(({ name }) => name))).toEqual(new Set(["rel-dagster-operator"]));
    for (const name of ["webserver", "daemon"])
      expect(find(manifests, "Deployment", `rel-dagster-${name}`).spec.template.spec).toMatchObject({
        automountServiceAccountToken: false,
        serviceAccountName: `rel-dagster-${name}`,
      });
  });

  test("watches all namespaces with a ClusterRole only where that is asked for", async () => {
    const all = await render(DAGSTER, { operator: { watchNamespaces: ["*"] } });
    expect(all.filter(({ kind }) => kind === "ClusterRole")).toHaveLength(1);
    const args = find(all, "Deployment", "rel-dagster-operator").spec.template.spec.containers[0].args;
    expect(args).not.toContain("--watch-namespaces");
  });

  test("takes the official chart's values where they mean the same", async () => {
    const manifests = await render(DAGSTER, {
      dagsterWebserver: { replicaCount: 3, env: { A: 1 }, nodeSelector: { disk: "ssd" } },
      dagsterDaemon: {
        env: [{ name: "B", value: "2" }],
        runCoordinator: {
          config: {
            queuedRunCoordinator: {
              maxConcurrentRuns: 7,
              tagConcurrencyLimits: [{ key: "db", value: { applyLimitPerUniqueValue: true }, limit: 2 }],
            },
          },
        },
        schedules: { numWorkers: 4, useThreads: true },
      },
      runLauncher: {
        type: "K8sRunLauncher",
        config: {
          k8sRunLauncher: { envVars: ["A=1"], image: { repository: "x" }, resources: { limits: { cpu: 1 } } },
        },
      },
      postgresql: {
        ...{ enabled: false, postgresqlHost: "db", postgresqlPassword: "p" },
        postgresqlParams: { sslmode: "require" },
      },
      ingress: {
        enabled: true,
        dagsterWebserver: { host: "dagster.example.com", tls: { enabled: true, secretName: "t" } },
      },
    });
    const webserver = find(manifests, "Deployment", "rel-dagster-webserver");
    expect(webserver.spec).toMatchObject({
      replicas: 3,
      template: { spec: { nodeSelector: { disk: "ssd" } } },
    });
    expect(webserver.spec.template.spec.containers[0].env).toEqual(
      expect.arrayContaining([
        { name: "A", value: "1" },
        {
          name: "DAGSTER_OPERATOR_DATABASE_URL",
          value: "postgres://dagster@db:5432/dagster?sslmode=require",
        },
      ]),
    );
    expect(find(manifests, "PodDisruptionBudget", "rel-dagster-webserver")).toBeDefined();
    expect(find(manifests, "StatefulSet", "rel-dagster-postgresql")).toBeUndefined();
    const { data } = find(manifests, "ConfigMap", "rel-dagster-instance");
    expect(JSON.parse(data["instance.json"])).toEqual({
      run_queue: {
        max_concurrent_runs: 7,
        tag_concurrency_limits: [{ key: "db", value: { applyLimitPerUniqueValue: true }, limit: 2 }],
      },
      schedules: { num_workers: 4 },
      sensors: {},
      run_monitoring: { start_timeout_seconds: 360 },
    });
    expect(JSON.parse(data["run-launcher.json"])).toEqual({
      envVars: ["A=1"],
      resources: { limits: { cpu: 1 } },
    });
    expect(find(manifests, "Ingress", "rel-dagster").spec).toMatchObject({
      tls: [{ hosts: ["dagster.example.com"], secretName: "t" }],
      rules: [{ host: "dagster.example.com" }],
    });
  });

  test("limits nothing where the number of runs is null, or without a queue", async () => {
    const queueOf = async (runCoordinator: unknown) => {
      const manifests = await render(DAGSTER, { dagsterDaemon: { runCoordinator } });
      return JSON.parse(find(manifests, "ConfigMap", "rel-dagster-instance").data["instance.json"]).run_queue;
    };
    const config = { queuedRunCoordinator: { maxConcurrentRuns: null } };
    const free = { max_concurrent_runs: -1, tag_concurrency_limits: [] };
    expect(await queueOf({ config })).toEqual(free);
    expect(await queueOf({ config: { queuedRunCoordinator: { maxConcurrentRuns: 0 } } })).toMatchObject({
      max_concurrent_runs: 0,
    });
    expect(await queueOf({ enabled: false })).toEqual(free);
  });

  test("takes env as a map or a list, and keeps Node's young heap small unless it names NODE_OPTIONS", async () => {
    const envOf = async (env?: unknown) => {
      const manifests = await render(DAGSTER, env === undefined ? {} : { dagsterDaemon: { env } });
      const [container] = find(manifests, "Deployment", "rel-dagster-daemon").spec.template.spec.containers;
      return container.env.filter(({ name }: Manifest) => /^(NODE_OPTIONS|A)$/.test(name));
    };
    const small = { name: "NODE_OPTIONS", value: "--max-semi-space-size=4" };
    const own = { name: "NODE_OPTIONS", value: "--trace-gc" };
    const a = { name: "A", value: "1" };
    expect(await envOf()).toEqual([small]);
    expect(await envOf([])).toEqual([small]);
    expect(await envOf({ A: 1 })).toEqual([small, a]);
    expect(await envOf([a])).toEqual([small, a]);
    expect(await envOf({ NODE_OPTIONS: "--trace-gc" })).toEqual([own]);
    expect(await envOf([a, own])).toEqual([a, own]);
  });

  test("writes monitoring, retries, retention, pools and webhooks in the keys of dagster.yaml", async () => {
    const manifests = await render(DAGSTER, {
      dagsterDaemon: {
        runMonitoring: {
          enabled: true,
          startTimeoutSeconds: 120,
          maxResumeRunAttempts: 2,
          maxRuntimeSeconds: 3600,
        },
        runRetries: { enabled: true, maxRetries: 2 },
      },
      concurrency: { pools: { defaultLimit: 4, granularity: "run" } },
      retention: {
        enabled: true,
        schedule: { purgeAfterDays: 90 },
        sensor: { purgeAfterDays: { skipped: 7, success: -1 } },
        backfills: { purgeAfterDays: { success: 90 } },
        computeLogs: { purgeAfterDays: 14 },
      },
      webhooks: [{ name: "alerts", url: { env: "HOOK_URL" }, secret: { env: "HOOK_SECRET" } }],
    });
    const { data } = find(manifests, "ConfigMap", "rel-dagster-instance");
    const { concurrency, run_monitoring, run_retries, retention, webhooks } = JSON.parse(
      data["instance.json"],
    );
    expect({ concurrency, run_monitoring, run_retries, retention, webhooks }).toEqual({
      concurrency: { pools: { default_limit: 4, granularity: "run" } },
      run_monitoring: { enabled: true, start_timeout_seconds: 180, max_runtime_seconds: 3600 },
      run_retries: { enabled: true, max_retries: 2 },
      retention: {
        schedule: { purge_after_days: 90 },
        sensor: { purge_after_days: { skipped: 7, success: -1 } },
        backfills: { purge_after_days: { success: 90 } },
        compute_logs: { purge_after_days: 14 },
      },
      webhooks: [{ name: "alerts", url: { env: "HOOK_URL" }, secret: { env: "HOOK_SECRET" } }],
    });
    expect(
      find(manifests, "Deployment", "rel-dagster-operator").spec.template.spec.containers[0].args,
    ).toEqual(expect.arrayContaining(["--max-resume-run-attempts", "2"]));
  });

  test("lays labels, annotations, volumes and containers where the official chart does, and namespace and labels over all", async () => {
    const component = {
      labels: { at: "pods" },
      deploymentLabels: { at: "deployment" },
      annotations: { reloader: "true" },
      schedulerName: "mine",
      priorityClassName: "high",
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "ScheduleAnyway" },
      ],
      volumes: [{ name: "ca", configMap: { name: "ca" } }],
      volumeMounts: [{ name: "ca", mountPath: "/etc/ca" }],
      initContainerResources: { limits: { memory: "64Mi" } },
      extraContainers: [{ name: "proxy", image: "proxy:1" }],
      extraPrependedInitContainers: [{ name: "first", image: "first:1" }],
    };
    const manifests = await render(DAGSTER, {
      namespaceOverride: "elsewhere",
      commonLabels: { team: "data" },
      operator: component,
      dagsterWebserver: component,
      dagsterDaemon: component,
    });
    for (const { kind, metadata } of manifests)
      expect([kind, metadata.namespace, metadata.labels.team]).toEqual([kind, "elsewhere", "data"]);
    for (const name of ["operator", "webserver", "daemon"]) {
      const { metadata, spec } = find(manifests, "Deployment", `rel-dagster-${name}`);
      expect(metadata).toMatchObject({ labels: { at: "deployment" }, annotations: { reloader: "true" } });
      expect(spec.template.metadata).toMatchObject({
        labels: { at: "pods", team: "data" },
        annotations: { reloader: "true" },
      });
      const pod = spec.template.spec;
      expect(pod).toMatchObject({
        schedulerName: "mine",
        priorityClassName: "high",
        topologySpreadConstraints: [
          { ...component.topologySpreadConstraints[0], labelSelector: spec.selector },
        ],
      });
      expect(pod.volumes).toContainEqual(component.volumes[0]);
      expect(pod.initContainers.map((each: Manifest) => each.name)).toEqual(["first", "migrate"]);
      expect(pod.initContainers[1].resources).toEqual(component.initContainerResources);
      expect(pod.containers.map((each: Manifest) => each.name)).toEqual([name, "proxy"]);
      expect(pod.containers[0].volumeMounts).toContainEqual(component.volumeMounts[0]);
    }
    const args = find(manifests, "Deployment", "rel-dagster-operator").spec.template.spec.containers[0].args;
    expect(args.join(" ")).toMatch(/--namespace elsewhere .*--watch-namespaces elsewhere/);
    await kubectl(
      ["apply", "--dry-run=server", "-f", "-"],
      manifests
        .map((each) => stringify({ ...each, metadata: { ...each.metadata, namespace: "default" } }))
        .join("---\n"),
    );
  });

  test("keeps the database's password as long as its volume", async () => {
    const kept = async (persistence: unknown) =>
      find(await render(DAGSTER, { postgresql: { persistence } }), "Secret", "dagster-postgresql-secret")
        .metadata.annotations;
    expect(await kept({})).toEqual({ "helm.sh/resource-policy": "keep" });
    expect(await kept({ enabled: false })).toBeUndefined();
  });

  test("makes names that Kubernetes takes of a release's name however long", async () => {
    const manifests = await render(DAGSTER, {
      fullnameOverride: "a-name-as-long-as-helm-lets-a-release-have-one-at-all",
      dagsterWebserver: { enableReadOnly: true },
    });
    const lengths = (kind: string) =>
      manifests.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name.length);
    expect(Math.max(...lengths("Service"))).toBeLessThanOrEqual(63);
    expect(Math.max(...lengths("StatefulSet"))).toBeLessThanOrEqual(52);
  });

  test("leaves the number of replicas to an autoscaler, with a disruption budget, when it is null", async () => {
    const manifests = await render(DAGSTER, { dagsterWebserver: { replicaCount: null } });
    expect(find(manifests, "Deployment", "rel-dagster-webserver").spec).not.toHaveProperty("replicas");
    expect(find(manifests, "PodDisruptionBudget", "rel-dagster-webserver")).toBeDefined();
  });

  test("puts further paths of the Ingress before and after the page", async () => {
    const path = (path: string, servicePort: string | number) => ({
      ...{ path, pathType: "Exact", serviceName: "other", servicePort },
    });
    const manifests = await render(DAGSTER, {
      ingress: {
        enabled: true,
        dagsterWebserver: {
          precedingPaths: [path("/*", "use-annotation")],
          succeedingPaths: [path("/last", 8080)],
        },
      },
    });
    const { paths } = find(manifests, "Ingress", "rel-dagster").spec.rules[0].http;
    expect(paths.map((each: Manifest) => [each.path, each.backend.service])).toEqual([
      ["/*", { name: "other", port: { name: "use-annotation" } }],
      ["/", { name: "rel-dagster-webserver", port: { name: "http" } }],
      ["/last", { name: "other", port: { number: 8080 } }],
    ]);
  });

  test("adds a page through which nothing can be changed where that is asked for, with a host of its own", async () => {
    const ingress = {
      enabled: true,
      dagsterWebserver: { host: "dagster.example.com" },
      readOnlyDagsterWebserver: { host: "look.example.com", tls: { enabled: true, secretName: "look" } },
    };
    const name = "rel-dagster-webserver-read-only";
    expect(find(await render(DAGSTER, { ingress }), "Deployment", name)).toBeUndefined();
    const manifests = await render(DAGSTER, { ingress, dagsterWebserver: { enableReadOnly: true } });
    const [container] = find(manifests, "Deployment", name).spec.template.spec.containers;
    expect(container.args).toContain("--read-only");
    expect(
      find(manifests, "Deployment", "rel-dagster-webserver").spec.template.spec.containers[0].args,
    ).not.toContain("--read-only");
    expect(find(manifests, "Service", name).spec.selector).toMatchObject({
      "app.kubernetes.io/component": "webserver-read-only",
    });
    const { rules, tls } = find(manifests, "Ingress", "rel-dagster").spec;
    expect(rules.map(({ host, http }: Manifest) => [host, http.paths[0].backend.service.name])).toEqual([
      ["dagster.example.com", "rel-dagster-webserver"],
      ["look.example.com", name],
    ]);
    expect(tls).toEqual([{ hosts: ["look.example.com"], secretName: "look" }]);
  });

  test("names the given values that have no effect, and no others", async () => {
    const said = await notes(DAGSTER, {
      dagsterWebserver: { workspace: { enabled: true }, replicaCount: 2 },
      computeLogManager: { type: "S3ComputeLogManager" },
      telemetry: { enabled: true },
      // Of the official values.yaml, for who brings that whole file along.
      dagsterDaemon: {
        heartbeatTolerance: 300,
        sensors: { useThreads: true, numWorkers: 4 },
        livenessProbe: {},
      },
      runLauncher: { config: { k8sRunLauncher: { loadInclusterConfig: true, failPodOnRunFailure: false } } },
      scheduler: { type: "DagsterDaemonScheduler", config: {} },
      flower: { enabled: false, service: { port: 5555 } },
      pythonLogs: {},
    });
    expect([...said.matchAll(/^- ([\w.]+):/gm)].map(([, key]) => key).sort()).toEqual([
      "computeLogManager",
      "dagsterWebserver.workspace",
    ]);
    expect(await notes(DAGSTER, {})).not.toContain("no effect");
  });

  test.each([
    [{ dagsterDaemon: { replicas: 2 } }, "replicas"],
    [{ runLauncher: { type: "CeleryK8sRunLauncher" } }, "use K8sRunLauncher, and the executor k8s_job"],
    [{ dagsterDaemon: { runCoordinator: { type: "CustomRunCoordinator" } } }, "use QueuedRunCoordinator"],
    [{ runLauncher: { config: { k8sRunLauncher: { nodeSelector: {} } } } }, "nodeSelector"],
    [{ postgresql: { enabled: false } }, "postgresql.postgresqlHost"],
    [{ postgresql: { enabled: false, postgresqlHost: "db" } }, "generatePostgresqlPasswordSecret: false"],
    [{ runLauncher: { config: { k8sRunLauncher: { envVars: ["FOO"] } } } }, "FOO has no value; write FOO=…"],
    [{ postgresql: null }, "missing property 'postgresql'"],
    [{ database: { existingSecret: { name: "db" } } }, "set postgresql.enabled: false"],
  ])("refuses %j by name", async (values, told) => {
    await expect(render(DAGSTER, values)).rejects.toThrow(told);
  });
});
