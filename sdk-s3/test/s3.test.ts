import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CreateBucketCommand, ListMultipartUploadsCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { asset, env, materialize } from "@dagster-operator/sdk";
import { ioManagerContract } from "@dagster-operator/sdk/testing";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { builtServer, type RunningServer, startServer } from "../../tools/object-stores/built-server.ts";
import { openClient } from "../src/client.ts";
import { s3IoManager, s3Resource } from "../src/index.ts";

const program = builtServer("versitygw");
const credentials = { accessKeyId: "tester", secretAccessKey: "only-for-tests" };
const folder = mkdtempSync(join(tmpdir(), "s3-test-"));
const writer = fileURLToPath(new URL("fixtures/writer.ts", import.meta.url));
const withServer = program === null ? test.skip : test;
let server: RunningServer;
let buckets = 0;

beforeAll(async () => {
  if (program === null) return;
  const args = (port: number) => [
    ...["--port", `127.0.0.1:${port}`, "--access", credentials.accessKeyId],
    ...[
      "--secret",
      credentials.secretAccessKey,
      "--quiet",
      "posix",
      "--sidecar",
      join(folder, "meta"),
      join(folder, "data"),
    ],
  ];
  for (const name of ["meta", "data"]) mkdirSync(join(folder, name));
  server = await startServer(program, args);
}, 900_000);
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const client = () => openClient({ endpoint: server.url, ...credentials });

async function freshBucket(): Promise<string> {
  const Bucket = `bucket-${++buckets}`;
  await client().send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}

let bucket = "";
for (const { name, run } of ioManagerContract({
  async place() {
    bucket = await freshBucket();
    return () => s3IoManager.configured({ bucket, endpoint: server.url, ...credentials, prefix: "" });
  },
  opOutputs: true,
  unstorable: { value: [{ n: 1, at: new Date() }], message: /\[0\]\.at is a Date/ },
  process: () => ({
    command: [
      process.execPath,
      "--conditions=source",
      "--no-warnings",
      writer,
      server.url,
      bucket,
      credentials.accessKeyId,
      credentials.secretAccessKey,
    ],
  }),
}))
  withServer(name, run);

const keysOf = async (Bucket: string) =>
  (await client().send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key) ?? [];

withServer(
  "a stream larger than one part arrives whole, under the prefix; one that breaks leaves the old object and no part",
  async () => {
    const Bucket = await freshBucket();
    const ioManager = s3IoManager.configured({
      bucket: Bucket,
      prefix: "team/a/",
      endpoint: server.url,
      ...credentials,
    });
    const size = 3 * 1024 * 1024;
    async function* bytes(chunks: number, fail: boolean) {
      for (let n = 0; n < chunks; n++) yield Buffer.alloc(size, n);
      if (fail) throw new Error("the source went away");
    }
    let fail = false;
    const big = asset("raw/big", () => bytes(5, fail));
    let seen: Buffer | undefined;
    const read = asset("read", { inputs: { big }, ioManager: "other" }, ({ inputs }) => {
      seen = inputs.big as unknown as Buffer;
    });
    const other = s3IoManager.configured({
      bucket: Bucket,
      prefix: "other",
      endpoint: server.url,
      ...credentials,
    });
    const run = await materialize([big, read], { resources: { ioManager, other } });
    expect(run.metadataOf(big)).toEqual({
      path: { type: "path", value: `s3://${Bucket}/team/a/assets/raw/big/@value` },
      "size (bytes)": { type: "int", value: 5 * size },
    });
    fail = true;
    const broken = await materialize([big], { resources: { ioManager }, raise: false });
    expect(broken.eventsOf("STEP_FAILURE")[0]?.error?.message).toMatch(/the source went away/);
    await materialize([read], { resources: { ioManager, other } });
    expect(seen?.length).toBe(5 * size);
    expect([0, 1, 2, 3, 4].map((n) => seen?.[n * size + 7])).toEqual([0, 1, 2, 3, 4]);
    expect(await keysOf(Bucket)).toEqual(["team/a/assets/raw/big/@value"]);
    const { Uploads = [] } = await client().send(new ListMultipartUploadsCommand({ Bucket }));
    expect(Uploads).toEqual([]);
  },
);

withServer("a bucket that is not there and a wrong secret are told with what to do", async () => {
  const failure = async (settings: { bucket: string; secretAccessKey?: string }) => {
    const ioManager = s3IoManager.configured({ endpoint: server.url, ...credentials, ...settings });
    const run = await materialize([asset("a", () => 1)], { resources: { ioManager }, raise: false });
    return run.eventsOf("STEP_FAILURE")[0]?.error?.message;
  };
  expect(await failure({ bucket: "nowhere" })).toMatch(/bucket nowhere does not exist: make it/);
  const there = await freshBucket();
  expect(await failure({ bucket: there, secretAccessKey: "wrong" })).toMatch(/check secretAccessKey/);
});

withServer("the client is a resource, its secret from the environment", async () => {
  const Bucket = await freshBucket();
  process.env.S3_TEST_SECRET = credentials.secretAccessKey;
  const s3 = s3Resource.configured({
    endpoint: server.url,
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: env("S3_TEST_SECRET"),
  });
  let keys: unknown;
  const list = asset("list", { resources: { s3 } }, async ({ resources }) => {
    keys = (await resources.s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount;
  });
  await materialize([list]);
  expect(keys).toBe(0);
});

test("half of the credentials is refused when the resource is opened", async () => {
  const ioManager = s3IoManager.configured({ bucket: "b", accessKeyId: "only" });
  const run = await materialize([asset("a", () => 1)], { resources: { ioManager }, raise: false });
  expect(run.eventsOf("STEP_FAILURE")[0]?.error?.message).toMatch(
    /resource ioManager could not be opened: accessKeyId and secretAccessKey come together/,
  );
});
