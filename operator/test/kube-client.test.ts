import { afterEach, expect, test } from "@jest/globals";
import { isConflict, KubeClient, KubeError } from "../src/kube/client.ts";
import { CONFIG_MAP } from "../src/kube/resources.ts";
import { type Answer, failure, json, scripted } from "./api-server.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
async function against(answers: Answer[], tries = 4, timeoutMs = 30_000) {
  const api = await scripted(answers);
  const statuses: string[] = [];
  const client = new KubeClient(
    { server: api.server, namespace: "n" },
    {
      tries,
      timeoutMs,
      onRequest: ({ verb, resource, status }) => statuses.push(`${verb} ${resource} ${status}`),
    },
  );
  ends.push(async () => {
    client.close();
    await api.close();
  });
  return { client, requests: api.requests, statuses };
}
const made = json(200, { metadata: { name: "a" } });

test("reads and writes are tried again after 429, 5xx and dropped connections, and counted", async () => {
  const drop: Answer = (request) => request.destroy();
  const { client, statuses } = await against([
    failure(429, "TooManyRequests", { "retry-after": "0" }),
    drop,
    failure(503, "ServiceUnavailable"),
    made,
    drop,
    made,
  ]);
  expect((await client.get(CONFIG_MAP, "n", "a")).metadata.name).toBe("a");
  await client.create(CONFIG_MAP, { metadata: { name: "a", namespace: "n" } });
  expect(statuses).toEqual([
    "GET configmaps 429",
    "GET configmaps 0",
    "GET configmaps 503",
    "GET configmaps 200",
    "POST configmaps 0",
    "POST configmaps 200",
  ]);
});

test("what a person must mend is told at once, in the API server's words", async () => {
  const { client, requests } = await against([
    failure(422, "Invalid"),
    failure(409, "Conflict"),
    failure(404, "NotFound"),
  ]);
  await expect(client.get(CONFIG_MAP, "n", "a")).rejects.toEqual(new KubeError(422, "Invalid", "Invalid"));
  expect(isConflict(await client.get(CONFIG_MAP, "n", "a").catch((error) => error))).toBe(true);
  expect(await client.find(CONFIG_MAP, "n", "a")).toBeNull();
  expect(await client.delete(CONFIG_MAP, "n", "a")).toBe(false);
  expect(requests).toHaveLength(4);
});

test("a status with a field that an older kind does not have is written without it, and not tried in vain", async () => {
  const undeclared = json(500, {
    reason: "InternalError",
    message:
      "failed to create typed patch object (n/a; v1, Kind=ConfigMap): .status.new: field not declared in schema",
  });
  const { client, statuses, requests } = await against([undeclared, made]);
  await client.applyStatus(CONFIG_MAP, { metadata: { name: "a", namespace: "n" }, status: { new: 1 } });
  expect(statuses).toEqual(["PATCH configmaps 500", "PATCH configmaps 200"]);
  expect(requests[1]).toMatch(/^PATCH .*\/configmaps\/a\/status\?fieldManager=/);
});

test("it gives up after its tries, with the last answer", async () => {
  const { client, requests } = await against([failure(500, "InternalError")], 2);
  await expect(client.get(CONFIG_MAP, "n", "a")).rejects.toThrow("InternalError");
  expect(requests).toHaveLength(2);
});

test("an answer that does not come, or does not end, is given up after the timeout", async () => {
  const silent: Answer = () => undefined;
  const half: Answer = (_, response) => void response.writeHead(200).write("{");
  const { client, requests } = await against([silent, half, made], 2, 1_000);
  await expect(client.get(CONFIG_MAP, "n", "a")).rejects.toThrow("no whole answer within 1 s");
  expect(requests).toHaveLength(2);
  expect((await client.get(CONFIG_MAP, "n", "a")).metadata.name).toBe("a");
});

test("who no longer wants the answer waits neither for it nor for the next try", async () => {
  const { client, requests } = await against([
    failure(429, "TooManyRequests", { "retry-after": "3600" }),
    () => undefined,
  ]);
  for (const sent of [1, 2]) {
    const abort = new AbortController();
    const asked = client.get(CONFIG_MAP, "n", "a", abort.signal).catch((error: Error) => error.name);
    while (requests.length < sent) await new Promise((resolve) => setTimeout(resolve, 5));
    abort.abort();
    expect(await asked).toMatch(/Error/);
  }
  expect(requests).toHaveLength(2);
});
