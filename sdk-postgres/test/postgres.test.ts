import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { asset, env, materialize, staticPartitions } from "@dagster-operator/sdk";
import { ioManagerContract } from "@dagster-operator/sdk/testing";
import { type TestDatabase, withPostgres } from "@dagster-operator/storage/testing";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Client } from "pg";
import { postgresIoManager, postgresResource, type Row } from "../src/index.ts";

const writer = fileURLToPath(new URL("fixtures/writer.ts", import.meta.url));
const databases: TestDatabase[] = [];
async function freshDatabase(): Promise<string> {
  const database = await withPostgres({ migrated: false });
  databases.push(database);
  return database.url;
}
afterAll(async () => {
  for (const database of databases) await database.drop();
});

let url = "";
for (const { name, run } of ioManagerContract({
  async place() {
    url = await freshDatabase();
    return () => postgresIoManager.configured({ url });
  },
  opOutputs: false,
  unstorable: {
    value: [{ n: 1, tags: { a: 1 } }],
    message: /table contract\.rows\): \[0\]\.tags is a value of type object.*flatten it/,
  },
  process: () => ({ command: [process.execPath, "--conditions=source", "--no-warnings", writer, url] }),
}))
  test(name, run);

let own: string;
beforeAll(async () => {
  own = await freshDatabase();
});

const regions = staticPartitions(["eu", "us"]);
const store = (key: string, rows: unknown, partitionKey?: "eu" | "us") => {
  const made = partitionKey ? asset(key, { partitions: regions }, () => rows) : asset(key, () => rows);
  return materialize([made], {
    resources: { ioManager: postgresIoManager.configured({ url: own }) },
    raise: false,
    ...(partitionKey && { partitionKey }),
  });
};
const failure = async (run: ReturnType<typeof store>) =>
  (await run).eventsOf("STEP_FAILURE")[0]?.error?.message ?? "it did not fail";

async function load(key: string): Promise<Row[]> {
  const made = asset(key, () => [] as Row[]);
  let seen: Row[] = [];
  const read = asset("reader", { inputs: { made }, ioManager: "other" }, ({ inputs }) => {
    seen = inputs.made;
  });
  const resources = {
    ioManager: postgresIoManager.configured({ url: own }),
    other: postgresIoManager.configured({ url: own }),
  };
  await materialize([read], { resources });
  return seen;
}

async function sql<T extends object>(text: string): Promise<T[]> {
  const client = new Client({ connectionString: own });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

test("rows come back with their types", async () => {
  const rows = [
    {
      id: 1,
      big: 2n ** 60n,
      amount: 1.5,
      name: 'Ada\'s "{,}"\\',
      paid: true,
      at: new Date("2024-02-03T04:05:06.789Z"),
      none: null,
    },
    { id: 2, big: 3, amount: 2, name: "", paid: false, at: new Date("1969-12-31T23:59:59Z"), none: null },
  ];
  await store("typed", rows);
  expect(await load("typed")).toEqual(rows);
  expect(
    await sql(
      "SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_name = 'typed' ORDER BY ordinal_position",
    ),
  ).toEqual([
    { name: "id", type: "bigint" },
    { name: "big", type: "bigint" },
    { name: "amount", type: "double precision" },
    { name: "name", type: "text" },
    { name: "paid", type: "boolean" },
    { name: "at", type: "timestamp with time zone" },
    { name: "none", type: "text" },
  ]);
});

test("more rows than one statement takes, in order, and what was stored is told", async () => {
  const rows = Array.from({ length: 25_001 }, (_, n) => ({ n }));
  const run = await store("shop/many", rows);
  expect(await load("shop/many")).toEqual(rows);
  expect(run.metadataOf({ key: ["shop", "many"] })).toMatchObject({
    table: { value: "shop.many" },
    rows: { value: 25_001 },
    columns: { value: "n" },
  });
});

test("a table that is made again stays the same one: a view over it, an index and a right are kept", async () => {
  await store("kept", [{ id: 1, old: "x" }]);
  await sql(
    "CREATE VIEW over AS SELECT id FROM kept; CREATE INDEX by_id ON kept (id); GRANT SELECT ON kept TO PUBLIC",
  );
  await store("kept", [{ id: 2, fresh: true }]);
  expect(await sql("SELECT id FROM over")).toEqual([{ id: "2" }]);
  expect(await load("kept")).toEqual([{ id: 2, fresh: true }]);
  expect(await sql("SELECT indexname FROM pg_indexes WHERE tablename = 'kept'")).toEqual([
    { indexname: "by_id" },
  ]);
  expect(await sql("SELECT has_table_privilege('pg_monitor', 'kept', 'SELECT') AS may")).toEqual([
    { may: true },
  ]);
  expect(await failure(store("kept", [{ other: 1 }]))).toMatch(
    /something depends on a column that is no longer stored/,
  );
  expect(await load("kept")).toEqual([{ id: 2, fresh: true }]);
});

test("a partition adds its columns and widens whole numbers; another type is refused by name", async () => {
  await store("wide", [{ id: 1, amount: 2 }], "eu");
  await store("wide", [{ id: 2, amount: 2.5, note: "new" }], "us");
  const all = () => sql("SELECT partition_key, id::int, amount, note FROM wide ORDER BY id");
  const rows = [
    { partition_key: "eu", id: 1, amount: 2, note: null },
    { partition_key: "us", id: 2, amount: 2.5, note: "new" },
  ];
  expect(await all()).toEqual(rows);
  expect(await failure(store("wide", [{ id: "x" }], "eu"))).toMatch(
    /asset wide \(partition eu\) \(table public\.wide\): column id of public\.wide holds bigint and these rows have text/,
  );
  expect(await all()).toEqual(rows);
});

test.each([
  ["no list of rows", "text", /asset bad is a value of type string: a table is made of an array/],
  ["two types in one column", [{ a: 1 }, { a: "x" }], /\[1\]\.a is text but earlier rows hold bigint/],
  ["the name of our own column", [{ partition_key: 1 }], /name yours otherwise/],
  ["a zero character", [{ a: "a\0b" }], /\[0\]\.a has a zero character/],
  ["too long a name", [{ ["x".repeat(64)]: 1 }], /must have 1 to 63 bytes/],
  ["too large a number", [{ a: 2n ** 63n }], /no 64-bit number/],
])("%s is refused", async (_, rows, message) => {
  expect(await failure(store("bad", rows))).toMatch(message);
});

test("a server that cannot be reached is told with what to do, and never its password", async () => {
  const attempt = async (wrong: string) => {
    const ioManager = postgresIoManager.configured({ url: wrong });
    const run = await materialize([asset("a", () => [])], { resources: { ioManager }, raise: false });
    expect(JSON.stringify(run.events)).not.toContain("s3cret");
    return run.eventsOf("STEP_FAILURE")[0]?.error?.message;
  };
  expect(await attempt("postgres://me:s3cret@127.0.0.1:1/x")).toMatch(/ECONNREFUSED.*check host and port/);
  const missing = new URL(own);
  missing.pathname = "/nowhere";
  missing.password = "s3cret";
  expect(await attempt(missing.href)).toMatch(/"nowhere" does not exist — make the database/);
});

test("a user without rights is told which", async () => {
  await sql("CREATE ROLE reader LOGIN");
  const limited = new URL(own);
  limited.username = "reader";
  const ioManager = postgresIoManager.configured({ url: limited.href });
  const run = await materialize([asset("fresh/a", () => [{ a: 1 }])], {
    resources: { ioManager },
    raise: false,
  });
  expect(run.eventsOf("STEP_FAILURE")[0]?.error?.message).toMatch(/permission denied.*needs CREATE/);
});

test("a cancel stops the statement that runs on the server", async () => {
  await sql("CREATE TABLE held (id bigint)");
  const holder = new Client({ connectionString: own });
  await holder.connect();
  await holder.query("BEGIN; LOCK TABLE held");
  const cancel = new AbortController();
  const running = materialize([asset("held", () => [{ id: 1 }])], {
    resources: { ioManager: postgresIoManager.configured({ url: own }) },
    raise: false,
    signal: cancel.signal,
  });
  const waiting = () =>
    sql(
      "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'dagster-operator run%' AND wait_event_type = 'Lock'",
    );
  while ((await waiting()).length === 0) await sleep(20);
  cancel.abort();
  expect((await running).status).toBe("CANCELED");
  while ((await waiting()).length > 0) await sleep(20);
  await holder.end();
});

test("the resource asks with parameters and changes in one transaction", async () => {
  process.env.POSTGRES_TEST_URL = own;
  const db = postgresResource.configured({ url: env("POSTGRES_TEST_URL") });
  const seen: unknown[] = [];
  const use = asset("use", { resources: { db } }, async ({ resources: { db } }) => {
    await db.query("CREATE TABLE numbers (n bigint)");
    const broken = db.transaction(async (query) => {
      await query("INSERT INTO numbers VALUES (1)");
      await query("INSERT INTO numbers VALUES ('x')");
    });
    await broken.catch((error: Error) => seen.push(error.message));
    await db.transaction((query) => query("INSERT INTO numbers SELECT generate_series(2, 4)"));
    seen.push(await db.query<{ n: number }>("SELECT n FROM numbers WHERE n > $1 ORDER BY n", [2]));
  });
  await materialize([use]);
  expect(seen).toEqual([expect.stringMatching(/invalid input syntax/), [{ n: 3 }, { n: 4 }]]);
});
