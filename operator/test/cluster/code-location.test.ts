import type { Storage } from "@dagster-operator/engine";
import { eventually } from "@dagster-operator/engine/testing";
import { openMemoryStorage } from "@dagster-operator/storage/testing";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { parse } from "yaml";
import type { CodeLocationObject } from "../../src/code-location/decide.ts";
import { codeLocationPart } from "../../src/code-location/part.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import {
  CODE_LOCATION,
  CONFIG_MAP,
  DEPLOYMENT,
  POD,
  POD_DISRUPTION_BUDGET,
  SECRET,
  SERVICE,
} from "../../src/kube/resources.ts";
import { Cluster, told } from "./cluster.ts";
import { assets, PAUSE, putCode, putLocation, specOf } from "./user-code.ts";

let cluster: Cluster;
let home: string;
let team: string;
let storage: Storage;
let started: Awaited<ReturnType<Cluster["operator"]>>;
beforeAll(async () => {
  cluster = await Cluster.open();
  home = await cluster.namespace();
  team = await cluster.namespace();
  storage = await openMemoryStorage();
  started = await cluster.operator([home, team], [codeLocationPart()], { storage });
});
afterAll(async () => {
  await cluster?.close([CODE_LOCATION]);
  await storage?.close();
});

const get = (name: string, namespace = home) =>
  cluster.client.get<CodeLocationObject>(CODE_LOCATION, namespace, name);
async function condition(name: string, type: string, reason: string, namespace = home) {
  let last: unknown;
  try {
    return await eventually(`${name} is ${type} for ${reason}`, async () => {
      const object = await get(name, namespace);
      last = object.status;
      const found = object.status?.conditions?.find((each) => each.type === type);
      return found?.reason === reason && found.observedGeneration === object.metadata.generation
        ? { ...found, status: found.status, object }
        : null;
    });
  } catch (error) {
    throw new Error(
      `${(error as Error).message}: ${JSON.stringify(last)} ${JSON.stringify(started.log.slice(-5))}`,
    );
  }
}
async function present<T>(value: Promise<T | null>): Promise<T> {
  const found = await value;
  if (found === null) throw new Error("it is not there");
  return found;
}
const podsOf = async (name: string) =>
  (await cluster.client.list(POD, home, { labelSelector: `dagster-operator.io/code-location=${name}` }))
    .items;
const workspace = async () => {
  const map = await cluster.client.get<KubeObject & { data: Record<string, string> }>(
    CONFIG_MAP,
    home,
    "dagster-workspace-yaml",
  );
  return (
    parse(map.data["workspace.yaml"] ?? "") as { load_from: { grpc_server: Record<string, unknown> }[] }
  ).load_from.map(({ grpc_server }) => grpc_server);
};

test("an applied CodeLocation becomes a Deployment, a Service, a workspace entry and a row, and is Ready", async () => {
  await putCode(cluster.client, home, "shop", assets("orders", "revenue"));
  await putLocation(cluster.client, home, "shop", specOf("shop"));
  const { object, message } = await condition("shop", "Ready", "Serving");
  expect(message).toBe("1 of 1 code server serves 2 assets, 0 jobs, 0 schedules, 0 sensors");
  await condition("shop", "Progressing", "Complete");
  expect(object.status).toMatchObject({
    location: "shop",
    state: "SERVING",
    counts: { assets: 2, jobs: 0, schedules: 0, sensors: 0 },
    image: PAUSE,
    servingGeneration: object.metadata.generation,
    endpoint: `dagster-code-shop.${home}.svc:3030`,
    observedGeneration: object.metadata.generation,
  });
  const owner = [
    expect.objectContaining({ kind: "CodeLocation", uid: object.metadata.uid, controller: true }),
  ];
  for (const resource of [DEPLOYMENT, SERVICE])
    expect((await cluster.client.get(resource, home, "dagster-code-shop")).metadata.ownerReferences).toEqual(
      owner,
    );
  expect(await workspace()).toContainEqual({
    host: `dagster-code-shop.${home}.svc`,
    port: 3030,
    location_name: "shop",
  });
  expect(await storage.locations.get("shop")).toMatchObject({
    name: "shop",
    namespace: home,
    uid: object.metadata.uid,
    state: "SERVING",
    error: null,
    image: PAUSE,
    definitionsHash: object.status?.definitionsHash,
    template: { code: { language: "typescript", file: "/code/definitions.mjs" } },
  });
  await told(cluster.client, home, "shop", "Starting", "Serving", "Complete");
});

test("a change of code rolls over, and the old server goes when the new one serves", async () => {
  await putCode(cluster.client, home, "rolls-1", assets("a"));
  await putCode(cluster.client, home, "rolls-2", assets("a", "b"));
  await putLocation(cluster.client, home, "rolls", specOf("rolls-1"));
  await condition("rolls", "Progressing", "Complete");
  const [before] = await podsOf("rolls");
  await putLocation(cluster.client, home, "rolls", specOf("rolls-2"));
  const { object } = await condition("rolls", "Progressing", "Complete");
  expect(object.status?.counts?.assets).toBe(2);
  expect(object.status?.servingGeneration).toBe(object.metadata.generation);
  const after = await eventually("one pod is left", async () => {
    const pods = await podsOf("rolls");
    return pods.length === 1 && pods;
  });
  expect(after[0]?.metadata.uid).not.toBe(before?.metadata.uid);
});

test("a version that does not load leaves the old one serving and says why; mending it heals", async () => {
  await putCode(cluster.client, home, "breaks-1", assets("a"));
  await putCode(cluster.client, home, "breaks-2", 'throw new Error("no such warehouse");');
  await putLocation(cluster.client, home, "breaks", specOf("breaks-1"));
  const { object: first } = await condition("breaks", "Progressing", "Complete");
  const [pod] = await podsOf("breaks");
  await putLocation(cluster.client, home, "breaks", specOf("breaks-2"));
  const { object, status, message } = await condition("breaks", "DefinitionsLoaded", "LoadError");
  expect(status).toBe("False");
  expect(message).toBe(
    `the code does not load: Error: no such warehouse; generation ${first.metadata.generation} goes on serving`,
  );
  expect(object.status).toMatchObject({
    state: "SERVING",
    lastLoadError: "Error: no such warehouse",
    servingGeneration: first.metadata.generation,
    counts: { assets: 1 },
  });
  const conditions = object.status?.conditions?.map(({ type, status, reason }) => [type, status, reason]);
  expect(conditions).toEqual([
    ["Ready", "False", "LoadError"],
    ["DefinitionsLoaded", "False", "LoadError"],
    ["Progressing", "False", "LoadError"],
  ]);
  expect((await podsOf("breaks")).map(({ metadata }) => metadata.uid)).toContain(pod?.metadata.uid);
  expect(await storage.locations.get("breaks")).toMatchObject({
    state: "SERVING",
    generation: first.metadata.generation,
    error: { message: "no such warehouse" },
  });
  await putLocation(cluster.client, home, "breaks", specOf("breaks-1"));
  const healed = await condition("breaks", "Ready", "Serving");
  expect(healed.object.status).not.toHaveProperty("lastLoadError");
  expect(await storage.locations.get("breaks")).toMatchObject({ state: "SERVING", error: null });
});

test("an image that does not exist is told while the old one serves; runs keep the image that serves", async () => {
  await putCode(cluster.client, home, "pulls", assets("a"));
  await putLocation(cluster.client, home, "pulls", specOf("pulls"));
  await condition("pulls", "Progressing", "Complete");
  await putLocation(cluster.client, home, "pulls", specOf("pulls", { image: "localhost/absent:9" }));
  const { object, message } = await condition("pulls", "Ready", "ImagePullFailed");
  expect(message).toContain("localhost/absent:9");
  expect(object.status).toMatchObject({ state: "SERVING", image: PAUSE });
  expect(await storage.locations.get("pulls")).toMatchObject({
    image: PAUSE,
    error: { name: "ImagePullFailed" },
  });
});

test("a first version that cannot start or does not fit says so and is an ERROR in the table", async () => {
  await putCode(cluster.client, home, "never", assets("a"));
  await putLocation(cluster.client, home, "secretless", specOf("never", { envSecrets: ["nobody"] }));
  await putLocation(
    cluster.client,
    home,
    "huge",
    specOf("never", { resources: { requests: { memory: "9Ti" } } }),
  );
  await putLocation(
    cluster.client,
    home,
    "dies",
    specOf("never", {
      attribute: "x",
      env: [
        { name: "PATH", value: "/node" },
        { name: "NODE_OPTIONS", value: "--no-such-option" },
      ],
    }),
  );
  expect((await condition("secretless", "Ready", "ContainerNotStarting")).message).toContain(
    'secret "nobody" not found',
  );
  expect((await condition("huge", "Ready", "Unschedulable")).message).toContain("Insufficient memory");
  expect((await condition("dies", "Ready", "CrashLooping")).message).toContain(
    "--no-such-option is not allowed",
  );
  for (const name of ["secretless", "huge", "dies"])
    expect((await storage.locations.get(name))?.state).toBe("ERROR");
  await cluster.client.create(SECRET, {
    metadata: { name: "nobody", namespace: home },
    stringData: { A: "1" },
  });
  await condition("secretless", "Ready", "Serving");
});

test("a changed ConfigMap or Secret of the environment rolls the servers over, another one does not", async () => {
  await putCode(
    cluster.client,
    home,
    "env",
    'import { asset, Definitions } from "@dagster-operator/sdk";\nexport default new Definitions({ assets: [asset(process.env.KEY, {}, () => process.env.TOKEN)] });',
  );
  const put = (name: string, data: Record<string, string>) =>
    cluster.client.apply(CONFIG_MAP, { metadata: { name, namespace: home }, data });
  await put("settings", { KEY: "first" });
  await put("unrelated", { KEY: "other" });
  await cluster.client.create(SECRET, {
    metadata: { name: "token", namespace: home },
    stringData: { t: "1" },
  });
  const env = [
    { name: "PATH", value: "/node" },
    { name: "TOKEN", valueFrom: { secretKeyRef: { name: "token", key: "t" } } },
  ];
  await putLocation(
    cluster.client,
    home,
    "env",
    specOf("env", { env, envConfigMaps: [{ name: "settings" }] }),
  );
  const { object: first } = await condition("env", "Progressing", "Complete");
  const hash = first.status?.definitionsHash;
  await put("unrelated", { KEY: "changed" });
  await put("settings", { KEY: "second" });
  await eventually(
    "the new environment is loaded",
    async () => (await get("env")).status?.definitionsHash !== hash,
  );
  await condition("env", "Progressing", "Complete");
  const generation = async () =>
    (await cluster.client.get(DEPLOYMENT, home, "dagster-code-env")).metadata.generation;
  const before = await generation();
  await cluster.client.merge(SECRET, home, "token", { stringData: { t: "2" } });
  await eventually("the Secret's change rolls", async () => (await generation()) !== before);
  const settled = await condition("env", "Progressing", "Complete");
  expect(settled.object.status?.state).toBe("SERVING");
});

test("paused stops the servers and keeps the location, replicas have a budget, and what is changed by hand is put right", async () => {
  await putCode(cluster.client, home, "many", assets("a"));
  await putLocation(cluster.client, home, "many", specOf("many", { replicas: 2 }));
  await condition("many", "Progressing", "Complete");
  expect(
    await cluster.client.get<KubeObject>(POD_DISRUPTION_BUDGET, home, "dagster-code-many"),
  ).toMatchObject({
    spec: { maxUnavailable: 1 },
  });
  const scale = (replicas: number) =>
    cluster.client.merge(DEPLOYMENT, home, "dagster-code-many", { spec: { replicas } });
  await scale(5);
  await eventually("it has two replicas again", async () => {
    const { spec } = await cluster.client.get<KubeObject & { spec: { replicas: number } }>(
      DEPLOYMENT,
      home,
      "dagster-code-many",
    );
    return spec.replicas === 2;
  });
  await cluster.client.delete(SERVICE, home, "dagster-code-many");
  await eventually("its Service is back", () => cluster.client.find(SERVICE, home, "dagster-code-many"));
  await putLocation(cluster.client, home, "many", specOf("many", { paused: true }));
  const { object } = await condition("many", "Ready", "Paused");
  expect(object.status).toMatchObject({ state: "PAUSED", counts: { assets: 1 } });
  expect(await storage.locations.get("many")).toMatchObject({ state: "PAUSED", endpoint: null });
  await eventually("no pod is left", async () => (await podsOf("many")).length === 0);
  await eventually(
    "no budget is left",
    async () => (await cluster.client.find(POD_DISRUPTION_BUDGET, home, "dagster-code-many")) === null,
  );
  await putLocation(cluster.client, home, "many", specOf("many"));
  await condition("many", "Ready", "Serving");
});

test("two locations of one name in two namespaces have names of their own", async () => {
  await putCode(cluster.client, home, "twin", assets("a"));
  await putCode(cluster.client, team, "twin", assets("a", "b"));
  await putLocation(cluster.client, home, "twin", specOf("twin"));
  await putLocation(cluster.client, team, "twin", specOf("twin"));
  expect((await condition("twin", "Ready", "Serving")).object.status?.location).toBe("twin");
  expect((await condition("twin", "Ready", "Serving", team)).object.status?.location).toBe(`twin.${team}`);
  expect((await workspace()).map((server) => server.location_name)).toEqual(
    expect.arrayContaining(["twin", `twin.${team}`]),
  );
  await cluster.client.delete(CODE_LOCATION, home, "twin");
  await eventually(
    "it is gone",
    async () => (await cluster.client.find(CODE_LOCATION, home, "twin")) === null,
  );
  expect(await storage.locations.get("twin")).toBeNull();
  expect((await workspace()).map((server) => server.location_name)).not.toContain("twin");
  expect(await storage.locations.get(`twin.${team}`)).toMatchObject({ state: "SERVING" });
  await eventually("its pods are gone", async () => (await podsOf("twin")).length === 0);
});

test("a location of a language that is not served yet says so", async () => {
  await putLocation(cluster.client, home, "snake", { image: "i", language: "python", module: "m" });
  expect((await condition("snake", "Ready", "UnsupportedLanguage")).message).toContain("not python");
});

test("an operator that starts anew changes nothing that is right, and clears the rows of objects that went meanwhile", async () => {
  await putCode(cluster.client, home, "stays", assets("a"));
  await putLocation(cluster.client, home, "stays", specOf("stays"));
  await condition("stays", "Progressing", "Complete");
  const read = async () => ({
    pods: (await podsOf("stays")).map(({ metadata }) => metadata.uid),
    deployment: (await cluster.client.get(DEPLOYMENT, home, "dagster-code-stays")).metadata.generation,
    object: (await get("stays")).metadata.resourceVersion,
    updatedAt: (await storage.locations.get("stays"))?.updatedAt,
  });
  const before = await read();
  await started.stop();
  await storage.locations.put(
    { ...(await present(storage.locations.get("stays"))), name: "ghost", uid: "gone" },
    1,
  );
  started = await cluster.operator([home, team], [codeLocationPart()], { storage });
  await eventually("the ghost is gone", async () => (await storage.locations.get("ghost")) === null);
  await putLocation(cluster.client, home, "snake", { image: "j", language: "python", module: "m" });
  await condition("snake", "Ready", "UnsupportedLanguage");
  expect(await read()).toEqual(before);
});
