import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
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
import { Cluster, EVENT, eventually } from "./cluster.ts";
import { assets, PAUSE, putCode, putLocation, specOf } from "./user-code.ts";

jest.setTimeout(180_000);

let cluster: Cluster;
let home: string;
let team: string;
let started: Awaited<ReturnType<Cluster["operator"]>>;
beforeAll(async () => {
  cluster = await Cluster.open();
  home = await cluster.namespace();
  team = await cluster.namespace();
  started = await cluster.operator([home, team], [codeLocationPart()]);
});
afterAll(() => cluster?.close([CODE_LOCATION]));

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
  expect(await started.storage.locations.get("shop")).toMatchObject({
    name: "shop",
    namespace: home,
    uid: object.metadata.uid,
    state: "SERVING",
    error: null,
    image: PAUSE,
    definitionsHash: object.status?.definitionsHash,
    template: { code: { language: "typescript", file: "/code/definitions.mjs" } },
  });
  const events = await cluster.client.list<KubeObject>(EVENT, home, {
    fieldSelector: "involvedObject.name=shop,involvedObject.kind=CodeLocation",
  });
  expect(events.items.map(({ reason }) => reason)).toEqual(
    expect.arrayContaining(["Starting", "Serving", "Complete"]),
  );
});
