/** A namespace of its own with the chart `dagster` in it, and the page's GraphQL. */
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { eventually, firstLine, helm, kubectl, list, ROOT } from "./command.ts";

export const VERSION = "0.1.0";
export const WEATHER_IMAGE = `dagster-operator-example-weather:${VERSION}`;

const VALUES = [
  "postgresql.image.repository=dagster-operator-e2e-postgres",
  "postgresql.image.tag=15",
  // There is nothing in this cluster that makes volumes.
  "postgresql.persistence.enabled=false",
];

export class Release {
  readonly namespace: string;
  readonly name = "dagster";
  #address = "";
  #forward: ChildProcess | undefined;

  private constructor(namespace: string) {
    this.namespace = namespace;
  }

  /**
   * Resolves when helm says that everything is ready. Every pod must meet the "restricted" standard. `prepare` is given the
   * namespace before that.
   */
  static async install(
    values: string[] = [],
    prepare: (namespace: string) => Promise<unknown> = async () => undefined,
  ): Promise<Release> {
    const release = new Release(`e2e-${randomBytes(3).toString("hex")}`);
    await kubectl(["create", "namespace", release.namespace]);
    await kubectl(["label", "namespace", release.namespace, "pod-security.kubernetes.io/enforce=restricted"]);
    // As before an upgrade: helm leaves the kinds of an earlier installation as they are.
    const crds = join(ROOT, "charts/dagster/crds");
    await kubectl(["apply", "--server-side", "--force-conflicts", "-f", crds]);
    try {
      await prepare(release.namespace);
      await release.upgrade(values, ["--install"]);
    } catch (error) {
      const pods = await kubectl(["-n", release.namespace, "get", "pods,events"]);
      await release.remove();
      throw new Error(`${(error as Error).message}\n${pods}`);
    }
    return release;
  }

  /** One that something other than helm puts there, in a namespace that exists. */
  static of(namespace: string): Release {
    return new Release(namespace);
  }

  /** Resolves when the page answers. */
  async connect(): Promise<void> {
    await eventually(
      async () => {
        await this.#connect();
        return (await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok;
      },
      { every: 500, name: "the page" },
    );
  }

  async upgrade(values: string[] = [], flags: string[] = []): Promise<void> {
    const set = [...VALUES, ...values].flatMap((value) => ["--set", value]);
    const chart = join(ROOT, "charts/dagster");
    const wait = ["--wait", "--timeout", "300s"];
    await helm(["upgrade", this.name, chart, "-n", this.namespace, ...flags, ...wait, ...set]);
    await this.#connect();
  }

  async #connect(): Promise<void> {
    const [service] = (await list(this.namespace, "services")).filter(
      ({ metadata }) => metadata.name === "dagster-webserver",
    );
    if (!service) throw new Error(`namespace ${this.namespace} has no Service dagster-webserver`);
    this.#address = await this.#reach(`http://${service.spec.clusterIP}`);
  }

  /** Where this machine is a node it reaches a Service's address; else kubectl forwards a port. */
  async #reach(address: string): Promise<string> {
    this.#forward?.kill();
    const direct = await fetch(`${address}/healthz`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => null,
    );
    if (direct?.ok) return address;
    const { child, line } = await firstLine("kubectl", [
      ...["-n", this.namespace, "port-forward", "--address", "127.0.0.1", "svc/dagster-webserver", ":80"],
    ]);
    this.#forward = child;
    const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (!port) throw new Error(`kubectl port-forward said: ${line}`);
    return `http://127.0.0.1:${port}`;
  }

  get url(): string {
    return this.#address;
  }

  /** @throws Error the answer has errors, or none */
  async graphql<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    const response = await fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(10_000),
    });
    const { data, errors } = (await response.json()) as { data?: T; errors?: { message: string }[] };
    if (errors?.length || !data)
      throw new Error(errors?.map(({ message }) => message).join("\n") ?? `no data (${response.status})`);
    return data;
  }

  /** Names and states of the code locations on the page. */
  async locations(): Promise<Record<string, string>> {
    const { workspaceOrError } = await this.graphql<{
      workspaceOrError: {
        locationEntries: { name: string; locationOrLoadError: { __typename: string } | null }[];
      };
    }>(
      "{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename } } } } }",
    );
    return Object.fromEntries(
      workspaceOrError.locationEntries.map(({ name, locationOrLoadError }) => [
        name,
        locationOrLoadError?.__typename ?? "LOADING",
      ]),
    );
  }

  /** UIDs of the pods of the system itself, by name; a restarted container counts as another. */
  async systemPods(): Promise<Record<string, string>> {
    const pods = await list(this.namespace, "pods", `app.kubernetes.io/instance=${this.name}`);
    return Object.fromEntries(
      pods.map(({ metadata, status }) => [
        metadata.name,
        `${metadata.uid}/${status.containerStatuses?.map((each: { restartCount: number }) => each.restartCount)}`,
      ]),
    );
  }

  /** Deletes the objects of people while the operator is there to clean up after them. */
  async deleteObjects(): Promise<void> {
    for (const kind of ["backfills.dagster-operator.io", "runs.dagster-operator.io"])
      await kubectl(["-n", this.namespace, "delete", kind, "--all", "--timeout=150s"]);
    await kubectl(["-n", this.namespace, "delete", "codelocations", "--all", "--timeout=150s"]);
  }

  /** Removes all of it, whatever state a failed test left it in. */
  async remove(): Promise<void> {
    const { namespace } = this;
    this.#forward?.kill();
    const operators = await list(namespace, "deployments", "app.kubernetes.io/component=operator");
    if (operators.length > 0) await this.deleteObjects().catch(() => undefined);
    await helm(["uninstall", this.name, "-n", namespace, "--ignore-not-found"]);
    // Nobody is left who would take the finalizers away.
    for (const kind of ["backfills.dagster-operator.io", "runs.dagster-operator.io", "codelocations"]) {
      for (const { metadata } of await list(namespace, kind))
        await kubectl([
          "-n",
          namespace,
          "patch",
          kind,
          metadata.name,
          "--type=merge",
          "-p",
          '{"metadata":{"finalizers":null}}',
        ]);
    }
    await kubectl(["delete", "namespace", namespace, "--timeout=200s"]);
  }
}
