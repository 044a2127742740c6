/** A control plane on this machine beside the real cluster: Postgres, run API, operator parts, and a namespace of its own. */
import { randomUUID } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LocationTemplate, NewRun, RunRecord, Storage } from "@dagster-operator/engine";
import type { Definitions, RunEvent } from "@dagster-operator/sdk/internal";
import { FileComputeLog, openStorage } from "@dagster-operator/storage";
import { type TestDatabase, withPostgres } from "@dagster-operator/storage/testing";
import { createWebserver, type Webserver } from "@dagster-operator/webserver";
import { pino } from "pino";
// By their files: bench/ uses this too, and the suites beside them load in Jest alone.
import { MemoryWorkspace } from "../../../engine/src/testing/memory-workspace.ts";
import { exampleRun } from "../../../engine/src/testing/storage-subject.ts";
import { compose, type MakePart } from "../../src/compose.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { fileConfig } from "../../src/kube/config.ts";
import type { Resource } from "../../src/kube/object.ts";
import { POD, RUN } from "../../src/kube/resources.ts";
import { OperatorMetrics } from "../../src/metrics.ts";
import { JOB } from "../../src/run/job-template.ts";
import { emptyConfig } from "../../src/run/merge/k8s-config.ts";
import { type RunPartOptions, runPart } from "../../src/run/part.ts";
import type { RunObject } from "../../src/run/run-objects.ts";
import definitions from "./code/definitions.js";
import { serveKinds } from "./serve-kinds.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");
const NAMESPACE: Resource = { apiVersion: "v1", kind: "Namespace", plural: "namespaces" };
/** The bridge of e2e/cluster: this machine as pods reach it. */
const BRIDGE = "10.88.0.1";

/** This repository and its Node from the machine, over the smallest image of the cluster: nothing to build, and never stale. */
export const HOST_POD = {
  imagePullPolicy: "IfNotPresent",
  env: [{ name: "PATH", value: "/opt/dagster-operator/node_modules/.bin" }],
  podSecurityContext: { runAsUser: 10001 },
  resources: { limits: { memory: "512Mi" } },
  volumes: ["lib", "lib64", "usr/lib"]
    .map((path) => ({ name: path.replace("/", "-"), hostPath: { path: `/${path}` } }))
    .concat([{ name: "repository", hostPath: { path: REPOSITORY } }]),
  volumeMounts: ["lib", "lib64", "usr/lib"]
    .map((path) => ({ name: path.replace("/", "-"), mountPath: `/${path}`, readOnly: true }))
    .concat([{ name: "repository", mountPath: "/opt/dagster-operator", readOnly: true }]),
};
export const HOST_IMAGE = "localhost/pause:1";

export class ClusterSystem {
  readonly client: KubeClient;
  readonly namespace = `run-${randomUUID().slice(0, 8)}`;
  readonly workspace = new MemoryWorkspace();
  storage!: Storage;
  /** Base of the run API as pods reach it. */
  url = "";
  /** Of Postgres, as this control plane reaches it. */
  databaseUrl = "";
  #database: TestDatabase | undefined;
  #webserver: Webserver | undefined;
  /** Steps in pods of their own share their values through a volume. */
  readonly artifacts = mkdtempSync(join(tmpdir(), "cluster-artifacts-"));
  readonly #logs = mkdtempSync(join(tmpdir(), "cluster-logs-"));

  constructor() {
    const kubeconfig = process.env.KUBECONFIG ?? "/var/tmp/dagster-operator-cluster/admin.kubeconfig";
    this.client = new KubeClient(fileConfig(kubeconfig));
  }

  /** `through` gives another way to the database. */
  async open(through = async (url: string) => url): Promise<void> {
    chmodSync(this.artifacts, 0o777);
    const [database] = await Promise.all([
      withPostgres(),
      this.client.create(NAMESPACE, { metadata: { name: this.namespace } }),
      serveKinds(this.client),
    ]);
    this.#database = database;
    this.databaseUrl = await through(database.url);
    this.storage = await openStorage(this.databaseUrl);
    this.workspace.set("here", definitions as Definitions);
    this.workspace.change("here", { codeVersion: HOST_IMAGE });
    this.storage.subscribe("queue", () => void this.#dequeue());
    await this.serve();
    await this.locate();
  }

  /** Starts the run API, again at its address when it was closed. */
  async serve(): Promise<void> {
    this.#webserver = createWebserver({
      services: {
        storage: this.storage,
        workspace: this.workspace,
        computeLog: new FileComputeLog(this.#logs),
        tokenSecret: await this.storage.setting("token_secret", () => "of these tests"),
      },
      uiDir: null,
      log: pino({ level: "silent" }),
    });
    const { port } = await this.#webserver.listen({
      host: BRIDGE,
      port: this.url ? Number(new URL(this.url).port) : 0,
    });
    this.url = `http://${BRIDGE}:${port}/run-api/v1`;
  }

  async closeWebserver(): Promise<void> {
    await this.#webserver?.close();
    this.#webserver = undefined;
  }

  /** Writes the row of location `here`, as the operator does from a CodeLocation. */
  async locate(
    pod: Record<string, unknown> = {},
    more: { image?: string; template?: Partial<LocationTemplate> } = {},
  ): Promise<void> {
    await this.storage.locations.put(
      {
        name: "here",
        namespace: this.namespace,
        object: "here",
        uid: "uid-here",
        generation: 1,
        state: "SERVING",
        error: null,
        endpoint: null,
        image: more.image ?? HOST_IMAGE,
        definitionsHash: null,
        objects: null,
        template: {
          code: {
            language: "typescript",
            file: "definitions.js",
            workingDirectory: "/opt/dagster-operator/operator/test/cluster/code",
          },
          pod: {
            ...HOST_POD,
            env: [...HOST_POD.env, { name: "DAGSTER_OPERATOR_ARTIFACTS", value: "/artifacts" }],
            volumes: [...HOST_POD.volumes, { name: "artifacts", hostPath: { path: this.artifacts } }],
            volumeMounts: [...HOST_POD.volumeMounts, { name: "artifacts", mountPath: "/artifacts" }],
            ...pod,
          },
          ...more.template,
        },
      },
      Date.now(),
    );
  }

  /** Starts an operator with the run part alone. */
  operate(more: Partial<RunPartOptions> = {}): { faults: unknown[]; stop: () => Promise<void> } {
    return this.compose([runPart({ runApiUrl: this.url, launcher: emptyConfig(), ...more })]);
  }

  compose(parts: MakePart[]): { faults: unknown[]; stop: () => Promise<void> } {
    const stopping = new AbortController();
    const faults: unknown[] = [];
    const log = {
      info: () => undefined,
      warn: (fields: Record<string, unknown>, message: string) => faults.push([message, fields]),
      error: (fields: Record<string, unknown>, message: string) => faults.push([message, fields]),
    };
    const operator = compose(
      {
        client: this.client,
        storage: this.storage,
        workspace: this.workspace,
        metrics: new OperatorMetrics(),
        log,
        namespace: this.namespace,
        watchNamespaces: [this.namespace],
        leaseName: "operator",
        identity: `operator-${randomUUID()}`,
      },
      parts,
    );
    const running = operator.run(stopping.signal);
    const stop = () => {
      stopping.abort();
      return running;
    };
    return { faults, stop };
  }

  /** As the daemon does. */
  async #dequeue(): Promise<void> {
    try {
      await this.storage.runs.dequeue({ maxConcurrentRuns: -1, tagLimits: [] }, 100);
    } catch {
      // Its database is away, or it is closing; a daemon looks again too.
      setTimeout(() => void this.#dequeue(), 1_000).unref();
    }
  }

  /** Queues a run. */
  async start(job: string, more: Partial<NewRun> = {}): Promise<string> {
    const run = exampleRun({ location: "here", job, codeVersion: HOST_IMAGE, ...more });
    await this.storage.runs.submit([run]);
    return run.runId;
  }

  async until(runId: string, wanted: (run: RunRecord) => boolean): Promise<RunRecord> {
    for (;;) {
      const run = await this.storage.runs.get(runId);
      if (run && wanted(run)) return run;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  ended = (runId: string): Promise<RunRecord> => this.until(runId, ({ endedAt }) => endedAt !== null);

  async events(runId: string): Promise<RunEvent[]> {
    return (await this.storage.events.list(runId, { limit: 1000 })).map(({ event }) => event);
  }

  /** Resolves with the line of the run's event log that matches. */
  async said(runId: string, text: RegExp): Promise<string> {
    for (;;) {
      const line = (await this.events(runId)).find(({ message }) => text.test(message));
      if (line) return line.message;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** The Run object of that name, once it is as wanted. */
  async object(name: string, wanted: (object: RunObject) => boolean): Promise<RunObject> {
    for (;;) {
      const object = await this.client.find<RunObject>(RUN, this.namespace, name);
      if (object && wanted(object)) return object;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Name of the pod of a run's worker. */
  async pod(runId: string): Promise<string> {
    const { items } = await this.client.list(POD, this.namespace, {
      labelSelector: `dagster/run-id=${runId}`,
    });
    return items[0]?.metadata.name ?? "";
  }

  /** Name of the pod of that Job. */
  async podOf(job: string): Promise<string> {
    const labelSelector = `batch.kubernetes.io/job-name=${job}`;
    const { items } = await this.client.list(POD, this.namespace, { labelSelector });
    return items[0]?.metadata.name ?? "";
  }

  /** Resolves true when the Job is no more. */
  async gone(job: string): Promise<true> {
    while (await this.client.find(JOB, this.namespace, job))
      await new Promise((resolve) => setTimeout(resolve, 100));
    return true;
  }

  async close(): Promise<void> {
    // Runs under way are held for an operator, and there is none any more.
    const { items } = await this.client.list<RunObject>(RUN, this.namespace);
    for (const { metadata } of items)
      await this.client.merge(RUN, this.namespace, metadata.name, { metadata: { finalizers: null } });
    await this.client.delete(NAMESPACE, undefined, this.namespace);
    await this.#webserver?.close();
    await this.storage?.close();
    await this.#database?.drop();
    rmSync(this.artifacts, { recursive: true, force: true });
    this.client.close();
    rmSync(this.#logs, { recursive: true, force: true });
  }
}
