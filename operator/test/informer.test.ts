import { afterEach, expect, test } from "@jest/globals";
import { KubeClient } from "../src/kube/client.ts";
import type { KubeObject } from "../src/kube/object.ts";
import { CONFIG_MAP } from "../src/kube/resources.ts";
import { Informer } from "../src/runtime/informer.ts";
import { type Answer, events, failure, json, type Scripted, scripted } from "./api-server.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const object = (name: string, resourceVersion: string): KubeObject => ({
  metadata: { name, namespace: "n", uid: name, resourceVersion, managedFields: [{}] },
});
const list = (resourceVersion: string, items: KubeObject[] | null, more: Record<string, string> = {}) =>
  json(200, { items, metadata: { resourceVersion, ...more } });
const event = (type: string, of: KubeObject) => ({ type, object: of });

async function informed(answers: Answer[], metadataOnly = false) {
  const api = await scripted(answers);
  const client = new KubeClient({ server: api.server, namespace: "n" }, { tries: 1 });
  const faults: string[] = [];
  const informer = new Informer({
    client,
    resource: CONFIG_MAP,
    namespace: "n",
    metadataOnly,
    onFault: (error) => faults.push(String(error)),
  });
  const abort = new AbortController();
  const seen: string[] = [];
  let look = () => {};
  informer.onChange((now, before) => {
    seen.push(`${before ? "" : "+"}${now ? "" : "-"}${(now ?? before)?.metadata.name}`);
    look();
  });
  const running = informer.run(abort.signal);
  ends.push(async () => {
    abort.abort();
    await running;
    client.close();
    await api.close();
  });
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      look = () => {
        if (holds()) resolve();
      };
      look();
    });
  return { informer, seen, faults, api, until };
}
const versions = ({ requests }: Scripted) =>
  requests.map((request) => {
    const query = new URL(request.split(" ")[1] ?? "", "http://x").searchParams;
    return query.get("watch")
      ? `watch ${query.get("resourceVersion")}`
      : `list ${query.get("continue") ?? ""}`.trim();
  });

const GONE = { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } };
test.each([
  ["an answer", failure(410, "Expired")],
  ["an event of the watch", events([GONE], "stays")],
])("a version that is gone, told as %s, leads to a new list and to what was missed", async (_, gone) => {
  const { informer, seen, faults, api, until } = await informed([
    list("10", [object("keeps", "1"), object("changes", "2"), object("goes", "3")]),
    gone,
    list("20", [object("keeps", "1"), object("changes", "12"), object("new", "13")]),
    events([event("DELETED", object("new", "21"))], "stays"),
  ]);
  await until(() => seen.at(-1) === "-new");
  expect(seen).toEqual(["+keeps", "+changes", "+goes", "changes", "+new", "-goes", "-new"]);
  expect(versions(api)).toEqual(["list", "watch 10", "list", "watch 20"]);
  expect(informer.list().map(({ metadata }) => metadata.name)).toEqual(["keeps", "changes"]);
  expect(faults).toEqual([]);
});

test("a bookmark moves the version, and a broken watch goes on from there", async () => {
  const { seen, api, faults, until } = await informed([
    list("10", []),
    events([event("ADDED", object("a", "11")), event("BOOKMARK", object("", "50"))], "ends"),
    events([event("MODIFIED", object("a", "51"))], "breaks"),
    events([event("ADDED", object("b", "52"))], "stays"),
  ]);
  await until(() => seen.includes("+b"));
  expect(seen).toEqual(["+a", "a", "+b"]);
  expect(versions(api)).toEqual(["list", "watch 10", "watch 50", "watch 51"]);
  expect(faults).toHaveLength(1);
});

test("a list comes in pages, and handlers hear of nothing that is the same", async () => {
  const { informer, seen, api, until } = await informed([
    list("9", [object("a", "1")], { continue: "more" }),
    list("10", [object("b", "2")]),
    events([event("MODIFIED", object("a", "1")), event("MODIFIED", object("b", "3"))], "stays"),
  ]);
  await until(() => seen.at(-1) === "b");
  expect(seen).toEqual(["+a", "+b", "b"]);
  expect(versions(api)).toEqual(["list", "list more", "watch 10"]);
  expect(informer.get("n/a")?.metadata).not.toHaveProperty("managedFields");
});

test("an empty list of metadata, which comes as null, is empty", async () => {
  const { informer } = await informed([list("10", null), events([], "stays")], true);
  await informer.synced;
  expect(informer.list()).toEqual([]);
});

test("a server that cannot answer is asked until it can", async () => {
  const { informer, faults } = await informed([
    failure(503, "ServiceUnavailable"),
    (request) => request.destroy(),
    list("10", [object("a", "1")]),
    events([], "stays"),
  ]);
  await informer.synced;
  expect(informer.size).toBe(1);
  expect(faults).toHaveLength(2);
});
