import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Conflict, InvalidInput } from "@dagster-operator/engine";
import { eventually } from "@dagster-operator/engine/testing";
import { withPostgres } from "@dagster-operator/storage/testing";
import { afterEach, expect, test } from "@jest/globals";
import pg from "pg";
import { holdDatabase } from "../src/index.ts";

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function database(): Promise<string> {
  const { url, drop } = await withPostgres({ migrated: false });
  cleanups.push(drop);
  return url;
}

async function hold(url: string, name: string, over: { shared?: boolean; patienceMs?: number } = {}) {
  const held = await holdDatabase(url, { name, patienceMs: 0, ...over });
  cleanups.push(() => held.release());
  return held;
}

/** The way to the server that can be cut. */
async function cuttable(url: string) {
  const to = new URL(url);
  const sockets = new Set<Socket>();
  let open = true;
  const server = createServer((socket) => {
    if (!open) return socket.destroy();
    const onward = connect(Number(to.port), to.hostname);
    for (const each of [socket, onward]) {
      sockets.add(each);
      each.on("error", () => undefined);
      each.on("close", () => {
        socket.destroy();
        onward.destroy();
      });
    }
    socket.pipe(onward).pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  const way = new URL(url);
  way.hostname = "127.0.0.1";
  way.port = String((server.address() as AddressInfo).port);
  return {
    url: way.href,
    cut: () => {
      open = false;
      for (const socket of sockets) socket.destroy();
    },
    mend: () => {
      open = true;
    },
  };
}

test("one holds a database alone, and the next is told its name", async () => {
  const url = await database();
  const first = await hold(url, "first, process 1");
  await expect(hold(url, "second")).rejects.toThrow(Conflict);
  await expect(hold(url, "second")).rejects.toThrow("is in use by first, process 1.");
  await expect(hold(url, "operator a", { shared: true })).rejects.toThrow("first, process 1");
  await first.release();
  await hold(url, "second", { patienceMs: 300_000 });
});

test("an address that names something wrong is bad input, with what to do", async () => {
  const url = new URL(await database());
  url.pathname = "/no_such_database";
  const refused = hold(url.href, "somebody");
  await expect(refused).rejects.toThrow(InvalidInput);
  await expect(refused).rejects.toThrow(/database "no_such_database" does not exist: create it/);
});

test("those that share hold it together, and keep out one that wants it alone", async () => {
  const url = await database();
  const operators = [
    await hold(url, "operator a", { shared: true }),
    await hold(url, "operator b", { shared: true }),
  ];
  await expect(hold(url, "local")).rejects.toThrow("in use by operator a; operator b.");
  for (const operator of operators) await operator.release();
  await hold(url, "local", { patienceMs: 300_000 });
});

test("a session that the server ended is taken up again", async () => {
  const url = await database();
  await hold(url, "first");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  cleanups.push(() => client.end());
  // Of the session that holds it: a new one has its name for a moment before it has the lock.
  const holder = async (): Promise<number | undefined> =>
    (
      await client.query(
        "select pid from pg_locks join pg_stat_activity using (pid) where locktype = 'advisory' and granted and application_name = 'first'",
      )
    ).rows[0]?.pid;
  const pid = await holder();
  await client.query("select pg_terminate_backend($1)", [pid]);
  await eventually("another session has it", async () => {
    const now = await holder();
    return now !== undefined && now !== pid;
  });
  await expect(hold(url, "second", { patienceMs: 5_000 })).rejects.toThrow("in use by first");
});

test("who lost it to another while the server was out of reach is told to end", async () => {
  const url = await database();
  const way = await cuttable(url);
  const first = await hold(way.url, "first");
  way.cut();
  await hold(url, "second", { patienceMs: 300_000 });
  way.mend();
  expect((await first.taken).message).toContain("in use by second");
});
