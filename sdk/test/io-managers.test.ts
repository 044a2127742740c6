import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import {
  asset,
  fsIoManager,
  inMemory,
  ioManager,
  materialize,
  type ObjectStore,
  objectIoManager,
} from "../src/index.ts";
import { ioManagerContract } from "../src/testing/index.ts";

const freshFolder = () => mkdtempSync(join(tmpdir(), "io-manager-"));

describe("the file IO manager", () => {
  const writer = fileURLToPath(new URL("fixtures/fs-writer.ts", import.meta.url));
  let folder = "";
  const cases = ioManagerContract({
    place: () => {
      folder = freshFolder();
      return () => fsIoManager({ folder });
    },
    opOutputs: true,
    unstorable: { value: [{ n: 1, call: () => 1 }], message: /\[0\]\.call is a function/ },
    process: () => ({ command: [process.execPath, "--conditions=source", "--no-warnings", writer, folder] }),
  });
  for (const { name, run } of cases) test(name, run);
});

/** An object store in memory, which keeps what it is given byte by byte. */
function memoryStore(): ObjectStore & { objects: Map<string, { body: Buffer; contentType: string }> } {
  const objects = new Map<string, { body: Buffer; contentType: string }>();
  return {
    objects,
    async put(key, body, { contentType }) {
      const parts: Uint8Array[] = [];
      if (body instanceof Uint8Array) parts.push(body);
      else for await (const part of body) parts.push(part);
      objects.set(key, { body: Buffer.concat(parts), contentType });
    },
    get: async (key) => objects.get(key) ?? null,
    url: (key) => `memory://${key}`,
  };
}

describe("an IO manager over an object store", () => {
  const cases = ioManagerContract({
    place: () => {
      const store = memoryStore();
      return () => ioManager(() => objectIoManager(store, "/team/"));
    },
    opOutputs: true,
    unstorable: {
      value: [{ n: 1, at: new Date() }],
      message: /\[0\]\.at is a Date: use its toISOString\(\)/,
    },
  });
  for (const { name, run } of cases) test(name, run);

  const storeAndLoad = async (value: unknown) => {
    const store = memoryStore();
    const one = asset("raw/one", () => value);
    let seen: unknown;
    const read = asset("read", { inputs: { one } }, ({ inputs }) => {
      seen = inputs.one;
    });
    const resources = { ioManager: ioManager(() => objectIoManager(store, "team")) };
    const run = await materialize([one, read], { resources, raise: false });
    return { seen, run, store, one };
  };

  test("bytes come back as they are, and a stream of them too", async () => {
    const bytes = Buffer.from([0, 255, 10, 123]);
    async function* stream() {
      yield bytes.subarray(0, 1);
      yield bytes.subarray(1);
    }
    for (const value of [bytes, new Uint8Array(bytes), stream()]) {
      const { seen, run, store, one } = await storeAndLoad(value);
      expect(Buffer.compare(seen as Buffer, bytes)).toBe(0);
      expect(run.metadataOf(one)).toEqual({
        path: { type: "path", value: "memory://team/assets/raw/one/@value" },
        "size (bytes)": { type: "int", value: 4 },
      });
      expect([...store.objects.values()].map(({ contentType }) => contentType)).toEqual([
        "application/octet-stream",
      ]);
    }
  });

  test.each([
    ["a Map", { a: new Map() }, /\.a is a Map: use plain objects/],
    ["a bigint", [1n], /\[0\] is a bigint/],
    ["not a number", { a: [Number.NaN] }, /\.a\[0\] is NaN: use null/],
    ["a hole in an array", [undefined], /\[0\] is undefined/],
    ["bytes inside", { a: new Uint8Array(1) }, /\.a is a Uint8Array/],
    ["a function as the value", () => 1, /it is a function/],
  ])("%s would not come back from JSON and is refused", async (_, value, message) => {
    const { run, store } = await storeAndLoad(value);
    expect(run.eventsOf("STEP_FAILURE")[0]?.error?.message).toMatch(message);
    expect(store.objects.size).toBe(0);
  });

  test("an object that is not JSON any more is damaged, by name", async () => {
    const store = memoryStore();
    const one = asset("one", () => 1);
    const read = asset("read", { inputs: { one } }, () => undefined);
    const resources = { ioManager: ioManager(() => objectIoManager(store)) };
    await materialize([one], { resources });
    for (const object of store.objects.values()) object.body = Buffer.from("{");
    await expect(materialize([read], { resources })).rejects.toThrow(
      /the object of asset one is damaged: memory:\/\/assets\/one\/@value is not JSON/,
    );
  });
});

describe("the memory IO manager", () => {
  const cases = ioManagerContract({
    place: () => {
      const manager = inMemory();
      return () => manager;
    },
    opOutputs: true,
    unstorable: { value: [], message: /./ },
  });
  // It keeps whatever there is, and says nothing of it: the value is in no place that a person could look at.
  const not = ["a value that it cannot keep", "it says with each"];
  for (const { name, run } of cases) if (!not.some((start) => name.startsWith(start))) test(name, run);
});
