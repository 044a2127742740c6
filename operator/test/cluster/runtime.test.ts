import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { eventually } from "@dagster-operator/engine/testing";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { isConflict, KubeClient, type RequestSpec } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { CONFIG_MAP } from "../../src/kube/resources.ts";
import { EventRecorder } from "../../src/runtime/event-recorder.ts";
import { Informer } from "../../src/runtime/informer.ts";
import { electLeader } from "../../src/runtime/leader-election.ts";
import { Cluster, EVENT } from "./cluster.ts";
import { CuttableProxy } from "./cuttable-proxy.ts";

let cluster: Cluster;
let namespace: string;
let proxy: CuttableProxy;
let quiet: Quiet;
const ends: (() => void | Promise<void>)[] = [];
beforeAll(async () => {
  cluster = await Cluster.open();
  namespace = await cluster.namespace();
  proxy = await CuttableProxy.before(loadConfig().server);
  quiet = await Quiet.begin();
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  proxy.restore();
});
afterAll(async () => {
  await quiet?.end();
  await cluster?.close();
  await proxy?.close();
});

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}
const put = (name: string, data: Record<string, string>, labels: Record<string, string> = {}) =>
  cluster.client.apply<ConfigMap>(CONFIG_MAP, { metadata: { name, namespace, labels }, data });

/** A client through the proxy that remembers what it asked for. */
class Watching extends KubeClient {
  readonly lists: string[] = [];
  readonly watches: string[] = [];

  constructor(at = proxy, endings = ends) {
    super({ ...loadConfig(), server: at.address }, { tries: 2 });
    endings.push(() => this.close());
  }

  override open(spec: RequestSpec, timeoutMs: number): Promise<IncomingMessage> {
    if (spec.query?.watch) this.watches.push(String(spec.query.resourceVersion));
    else this.lists.push(spec.path);
    return super.open(spec, timeoutMs);
  }
}

async function follow(client: Watching, labelSelector: string, endings: typeof ends = ends) {
  const faults: unknown[] = [];
  const informer = new Informer<ConfigMap>({
    client,
    resource: CONFIG_MAP,
    namespace,
    labelSelector,
    onFault: (error) => faults.push(error),
  });
  const seen: string[] = [];
  informer.onChange((object, before) =>
    seen.push(`${before ? "" : "+"}${object ? "" : "-"}${(object ?? before)?.metadata.name}`),
  );
  const abort = new AbortController();
  const running = informer.run(abort.signal);
  endings.unshift(async () => {
    abort.abort();
    await running;
  });
  await informer.synced;
  const content = () =>
    Object.fromEntries(informer.list().map(({ metadata, data }) => [metadata.name, data?.v]));
  return { informer, faults, seen, content };
}

/** An informer that nothing happens to. The API server sends a bookmark a minute, so it begins before all tests and is asked last. */
class Quiet {
  static readonly #ends: typeof ends = [];
  readonly proxy: CuttableProxy;
  readonly client: Watching;
  /** The API server was here when it began to watch. */
  readonly version: number;
  readonly due = Date.now() + 75_000;

  private constructor(proxy: CuttableProxy, client: Watching, version: number) {
    this.proxy = proxy;
    this.client = client;
    this.version = version;
  }

  static async begin(): Promise<Quiet> {
    const proxy = await CuttableProxy.before(loadConfig().server);
    const client = new Watching(proxy, Quiet.#ends);
    await follow(client, "test=quiet", Quiet.#ends);
    await eventually("it watches", () => client.watches.length === 1);
    const { metadata } = await put("q-other", { v: "1" });
    return new Quiet(proxy, client, Number(metadata.resourceVersion));
  }

  async end(): Promise<void> {
    for (const end of Quiet.#ends) await end();
    await this.proxy.close();
  }
}
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

test("an informer whose connection broke goes on where it was, without listing again", async () => {
  const labels = { test: "broken" };
  await put("b-keeps", { v: "1" }, labels);
  await put("b-goes", { v: "1" }, labels);
  const client = new Watching();
  const { content, faults, seen } = await follow(client, "test=broken");
  await put("b-keeps", { v: "2" }, labels);
  await eventually("it follows", () => content()["b-keeps"] === "2");
  proxy.cut();
  await put("b-keeps", { v: "3" }, labels);
  await put("b-new", { v: "1" }, labels);
  await cluster.client.delete(CONFIG_MAP, namespace, "b-goes");
  await eventually("it notices", () => faults.length > 0);
  expect(content()).toEqual({ "b-keeps": "2", "b-goes": "1" });
  proxy.restore();
  await eventually("it has caught up", () => same(content(), { "b-keeps": "3", "b-new": "1" }));
  expect(seen).toEqual(["+b-goes", "+b-keeps", "b-keeps", "b-keeps", "+b-new", "-b-goes"]);
  expect(client.lists).toHaveLength(1);
});

test("of two writers who read the same version one gets a conflict; an apply takes its fields all the same", async () => {
  const read = await put("contended", { v: "1" });
  await cluster.client.replace(CONFIG_MAP, { ...read, data: { v: "2" } });
  const late = await cluster.client
    .replace(CONFIG_MAP, { ...read, data: { v: "3" } })
    .catch((error) => error);
  expect(isConflict(late)).toBe(true);
  expect((await put("contended", { v: "4" })).data).toEqual({ v: "4" });
});

test("the same Event again raises its count", async () => {
  const faults: unknown[] = [];
  const object = { ...(await put("told", {})), apiVersion: "v1", kind: "ConfigMap" };
  const recorder = new EventRecorder(cluster.client, "test", (error) => faults.push(error));
  for (let n = 0; n < 3; n++) await recorder.record(object, "Warning", "Odd", "it is odd");
  await recorder.record(object, "Normal", "Even", "it is even");
  const { items } = await cluster.client.list<KubeObject>(EVENT, namespace, {
    fieldSelector: "involvedObject.name=told",
  });
  expect(items.map(({ reason, count, type }) => [reason, count, type]).sort()).toEqual([
    ["Even", 1, "Normal"],
    ["Odd", 3, "Warning"],
  ]);
  expect(faults).toEqual([]);
});

interface Candidate {
  leads: boolean;
  /** Pairs of when it began and ended to lead. */
  terms: { from: number; to: number }[];
}
function candidate(
  identity: string,
  client: KubeClient,
  name: string,
): Candidate & { stop: () => Promise<void> } {
  const state: Candidate = { leads: false, terms: [] };
  const abort = new AbortController();
  const running = electLeader(
    { client, namespace, name, identity, leaseMs: 3_000, intervalMs: 500 },
    (signal) =>
      new Promise((resolve) => {
        const term = { from: performance.now(), to: Number.POSITIVE_INFINITY };
        state.terms.push(term);
        state.leads = true;
        signal.addEventListener("abort", () => {
          term.to = performance.now();
          state.leads = false;
          resolve();
        });
      }),
    abort.signal,
  );
  const stop = async () => {
    abort.abort();
    await running;
  };
  ends.unshift(stop);
  return Object.assign(state, { stop });
}

test.each(["cut", "hang"] as const)("there are never two leaders when one is cut off (%s)", async (how) => {
  const others = await CuttableProxy.before(loadConfig().server);
  ends.push(() => others.close());
  const proxies = { a: proxy, b: others };
  const name = `never-two-${how}`;
  const both = {
    a: candidate("a", new Watching(proxy), name),
    b: candidate("b", new Watching(others), name),
  };
  for (let round = 0; round < 3; round++) {
    const [leader, other] = await eventually("one leads", () =>
      both.a.leads ? (["a", "b"] as const) : both.b.leads ? (["b", "a"] as const) : null,
    );
    proxies[leader][how]();
    await eventually("the other leads", () => both[other].leads);
    proxies[leader].restore();
  }
  await both.a.stop();
  await both.b.stop();
  const terms = [...both.a.terms, ...both.b.terms].sort((x, y) => x.from - y.from);
  expect(terms.length).toBeGreaterThanOrEqual(4);
  for (const [at, term] of terms.entries())
    if (at > 0) expect(term.from).toBeGreaterThan(terms[at - 1]?.to ?? 0);
});

test("a leader that stops hands over at once; one that is killed is followed when its lease ran out", async () => {
  const started: Record<string, ChildProcess> = {};
  const led: string[] = [];
  for (const identity of ["one", "two", "three"]) {
    const child = fork(new URL("./candidate.ts", import.meta.url), [namespace, identity], {
      execArgv: ["--conditions=source", "--no-warnings"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    started[identity] = child;
    ends.push(() => void child.kill("SIGKILL"));
    child.on("message", (message) => {
      if (message === "leads") led.push(identity);
    });
  }
  const end = async (signal: NodeJS.Signals) => {
    const child = started[led.at(-1) ?? ""];
    if (!child) throw new Error("nobody leads");
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  };
  await eventually("one leads", () => led.length === 1);
  await end("SIGTERM");
  await eventually("another leads", () => led.length === 2);
  await end("SIGKILL");
  await eventually("the last one leads", () => led.length === 3);
  expect([...led].sort()).toEqual(["one", "three", "two"]);
});

test("a quiet informer moves on by bookmarks, so that it never falls behind", async () => {
  const { client, proxy, version, due } = quiet;
  expect(Number(client.watches[0])).toBeLessThan(version);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - Date.now())));
  // A break shows from where the informer goes on.
  proxy.restore();
  await eventually("it watches again", () => client.watches.length > 1);
  expect(Number(client.watches.at(-1))).toBeGreaterThanOrEqual(version);
  expect(client.lists).toHaveLength(1);
});
