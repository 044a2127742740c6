import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { asset, materialize, staticPartitions } from "@dagster-operator/sdk";
import { ioManagerContract } from "@dagster-operator/sdk/testing";
import { expect, test } from "@jest/globals";
import { duckdbIoManager, duckdbResource, type Row } from "../src/index.ts";

const freshFile = () => join(mkdtempSync(join(tmpdir(), "duckdb-test-")), "warehouse.duckdb");

const contractWriter = fileURLToPath(new URL("fixtures/contract-writer.ts", import.meta.url));
let contractFile = "";
for (const { name, run } of ioManagerContract({
  place() {
    contractFile = freshFile();
    const path = contractFile;
    return () => duckdbIoManager.configured({ path });
  },
  opOutputs: false,
  unstorable: {
    value: [{ n: 1, tags: { a: 1 } }],
    message: /\[0\]\.tags is a value of type object.*flatten it/,
  },
  process: () => ({
    command: [process.execPath, "--conditions=source", "--no-warnings", contractWriter, contractFile],
  }),
}))
  test(name, run);

function tablesOf(path: string) {
  const ioManager = duckdbIoManager.configured({ path });
  return {
    ioManager,
    store: (rows: Row[], partitionKey?: string) => materializeRows(ioManager, rows, partitionKey),
  };
}

const regions = staticPartitions(["eu", "us"]);

async function materializeRows(
  ioManager: ReturnType<typeof duckdbIoManager.configured>,
  rows: Row[],
  partitionKey?: string,
) {
  const orders = partitionKey
    ? asset(["shop", "orders"], { partitions: regions }, () => rows)
    : asset(["shop", "orders"], () => rows);
  return materialize([orders], {
    resources: { ioManager },
    ...(partitionKey !== undefined && { partitionKey }),
    raise: false,
  });
}

async function tableOf(path: string): Promise<Row[]> {
  const db = duckdbResource.configured({ path });
  let rows: Row[] = [];
  const read = asset("read", { resources: { db } }, async ({ resources }) => {
    rows = await resources.db.query("SELECT * FROM shop.orders ORDER BY ALL");
  });
  await materialize([read]);
  return rows;
}

test("rows come back as they were stored, with their types", async () => {
  const path = freshFile();
  const rows = [
    { id: 1, name: "Ada", amount: 1.5, paid: true, at: new Date("2024-02-03T04:05:06.789Z"), note: null },
    { id: 2, name: "Bo", amount: 2, paid: false, at: new Date("2024-02-04T00:00:00Z"), note: "x" },
  ];
  const orders = asset(["shop", "orders"], () => rows);
  let read: typeof rows = [];
  const report = asset("report", { inputs: { orders } }, ({ inputs }) => {
    read = inputs.orders;
    return [{ count: inputs.orders.length }];
  });
  await materialize([orders, report], { resources: { ioManager: duckdbIoManager.configured({ path }) } });
  expect(read).toEqual(rows);
});

test("a partition replaces its own rows and leaves the others", async () => {
  const path = freshFile();
  const { store } = tablesOf(path);
  await store([{ id: 1 }, { id: 2 }], "eu");
  await store([{ id: 3 }], "us");
  await store([{ id: 4 }], "eu");
  expect(await tableOf(path)).toEqual([{ id: 4 }, { id: 3 }]);
});

test("a column that appears later is added, and a whole-number column widens when fractions arrive", async () => {
  const path = freshFile();
  const { store } = tablesOf(path);
  await store([{ id: 1, amount: 2 }], "eu");
  await store([{ id: 2, amount: 2.5, note: "new" }], "us");
  expect(await tableOf(path)).toEqual([
    { id: 1, amount: 2, note: null },
    { id: 2, amount: 2.5, note: "new" },
  ]);
});

test("an empty result leaves an empty table that can be loaded", async () => {
  const path = freshFile();
  const { store } = tablesOf(path);
  expect((await store([])).success).toBe(true);
  expect(await tableOf(path)).toEqual([]);
});

test.each([
  [
    "a nested value",
    [{ id: 1, tags: { a: 1 } } as unknown as Row],
    /\[0\]\.tags is a value of type object.*flatten it/,
  ],
  [
    "two types in one column",
    [{ id: 1 }, { id: "two" }],
    /\[1\]\.id is VARCHAR but earlier rows hold BIGINT/,
  ],
  ["something that is no list of rows", "text" as unknown as Row[], /array of row objects/],
  ["the name of our own column", [{ partition_key: "x" }], /name yours otherwise/],
])("%s is refused with its place, and the old table stays", async (_, rows, message) => {
  const path = freshFile();
  const { store } = tablesOf(path);
  await store([{ id: 7 }]);
  const result = await store(rows);
  expect(result.success).toBe(false);
  expect(JSON.stringify(result.events)).toMatch(message);
  expect(await tableOf(path)).toEqual([{ id: 7 }]);
});

test("four processes write partitions of one file at once and none is lost", async () => {
  const path = freshFile();
  const writer = fileURLToPath(new URL("fixtures/write-partition.ts", import.meta.url));
  const run = promisify(execFile);
  await Promise.all(
    ["a", "b", "c", "d"].map((key) =>
      run(process.execPath, ["--conditions=source", "--no-warnings", writer, path, key]),
    ),
  );
  expect((await tableOf(path)).map(({ id }) => id).sort()).toEqual(["a", "b", "c", "d"]);
});
