import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { asset, materialize } from "@dagster-operator/sdk";
import { ioManagerContract } from "@dagster-operator/sdk/testing";
import { Storage } from "@google-cloud/storage";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { builtServer, type RunningServer, startServer } from "../../tools/object-stores/built-server.ts";
import { gcsIoManager, gcsResource } from "../src/index.ts";

const program = builtServer("fake-gcs-server");
const withServer = program === null ? test.skip : test;
const writer = fileURLToPath(new URL("fixtures/writer.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "gcs-test-"));
let server: RunningServer;
let buckets = 0;

beforeAll(async () => {
  if (program === null) return;
  server = await startServer(program, (port) => [
    ...[
      "-scheme",
      "http",
      "-host",
      "127.0.0.1",
      "-port",
      String(port),
      "-external-url",
      `http://127.0.0.1:${port}`,
    ],
    ...["-backend", "filesystem", "-filesystem-root", folder, "-log-level", "error"],
  ]);
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const connection = () => ({ apiEndpoint: server.url, projectId: "test" });

async function freshBucket(): Promise<string> {
  const bucket = `bucket-${++buckets}`;
  await new Storage(connection()).createBucket(bucket);
  return bucket;
}

let bucket = "";
for (const { name, run } of ioManagerContract({
  async place() {
    bucket = await freshBucket();
    return () => gcsIoManager.configured({ bucket, ...connection() });
  },
  opOutputs: true,
  unstorable: { value: [{ n: 1, at: new Date() }], message: /\[0\]\.at is a Date/ },
  process: () => ({
    command: [process.execPath, "--conditions=source", "--no-warnings", writer, server.url, bucket],
  }),
}))
  withServer(name, run);

withServer("a stream arrives whole, under the prefix; one that breaks leaves the old object", async () => {
  const name = await freshBucket();
  const ioManager = gcsIoManager.configured({ bucket: name, prefix: "team/a", ...connection() });
  const size = 3 * 1024 * 1024;
  let fail = false;
  const big = asset("raw/big", async function* () {
    for (let n = 0; n < 5; n++) yield Buffer.alloc(size, n);
    if (fail) throw new Error("the source went away");
  });
  let seen: Buffer | undefined;
  const read = asset("read", { inputs: { big } }, ({ inputs }) => {
    seen = inputs.big as unknown as Buffer;
  });
  const run = await materialize([big], { resources: { ioManager } });
  expect(run.metadataOf(big)).toEqual({
    path: { type: "path", value: `gs://${name}/team/a/assets/raw/big/@value` },
    "size (bytes)": { type: "int", value: 5 * size },
  });
  fail = true;
  const broken = await materialize([big], { resources: { ioManager }, raise: false });
  expect(broken.eventsOf("STEP_FAILURE")[0]?.error?.message).toMatch(/the source went away/);
  await materialize([read], { resources: { ioManager } });
  expect(seen?.length).toBe(5 * size);
  expect([0, 1, 2, 3, 4].map((n) => seen?.[n * size + 7])).toEqual([0, 1, 2, 3, 4]);
});

withServer("a bucket that is not there is told with what to do, also when something is loaded", async () => {
  const ioManager = gcsIoManager.configured({ bucket: "nowhere", ...connection() });
  const made = asset("a", () => 1);
  const read = asset("b", { inputs: { made } }, () => undefined);
  for (const what of [made, read]) {
    const run = await materialize([what], { resources: { ioManager }, raise: false });
    expect(run.eventsOf("STEP_FAILURE")[0]?.error?.message).toMatch(/bucket nowhere does not exist: make it/);
  }
});

withServer("the client is a resource", async () => {
  const name = await freshBucket();
  const gcs = gcsResource.configured(connection());
  let names: string[] = [];
  const list = asset("list", { resources: { gcs } }, async ({ resources }) => {
    const [all] = await resources.gcs.getBuckets();
    names = all.map((one) => one.name ?? "");
  });
  await materialize([list]);
  expect(names).toContain(name);
});
