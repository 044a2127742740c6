/**
 * What every IO manager does, as cases for any test runner. A value is an array of flat rows, which files, objects and tables
 * can all keep.
 * @example
 * for (const { name, run } of ioManagerContract(subject)) test(name, run);
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { asset } from "../asset/asset.ts";
import { job } from "../op/job.ts";
import { op } from "../op/op.ts";
import {
  dailyPartitions,
  dynamicPartitions,
  multiPartitions,
  staticPartitions,
} from "../partitions/index.ts";
import { inMemory } from "../resource/in-memory-io-manager.ts";
import type { IoManagerDefinition } from "../resource/io-manager.ts";
import { executeInProcess } from "./execute-in-process.ts";
import { materialize } from "./materialize.ts";

export interface ContractRow {
  [column: string]: string | number | boolean | null;
}

/** An IO manager to try. */
export interface IoManagerSubject {
  /** A fresh, empty place; each call of the function it gives is one more manager over that place, as another process has. */
  place(): Promise<() => IoManagerDefinition> | (() => IoManagerDefinition);
  /** Does it keep outputs of ops too, or assets only? */
  opOutputs: boolean;
  /** A value that it cannot keep, and what its message must say. */
  unstorable: { value: unknown; message: RegExp };
  /**
   * Program and arguments that open the manager of a place and call `contractWriter` with it, for the cases about several
   * processes; the place is the last that `place` made. Absent for what lives in one process.
   */
  process?: () => { command: readonly [string, ...string[]]; env?: Record<string, string> };
}

export interface ContractCase {
  name: string;
  run(): Promise<void>;
}

const rowsOf = (name: string, count = 2): ContractRow[] =>
  Array.from({ length: count }, (_, n) => ({ n, name, odd: n % 2 === 1, none: null, half: n + 0.5 }));
/** Compares as JSON with sorted names: what an IO manager gives may come from another realm, with columns in another order. */
function same(actual: unknown, expected: unknown, message?: string): void {
  const text = (value: unknown) =>
    JSON.stringify(
      value,
      (_, part: unknown) =>
        typeof part === "object" && part !== null && !Array.isArray(part)
          ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
          : part,
      1,
    );
  assert.equal(text(actual), text(expected), message);
}
const sorted = (rows: readonly ContractRow[]) => [...rows].sort((a, b) => Number(a.n) - Number(b.n));

const regions = staticPartitions(["eu", "us", "asia"]);

/** One asset, its value given from outside; and one that reads it. */
function pair(options: {
  key?: string;
  value: (partition: string | undefined) => unknown;
  partitions?: ReturnType<typeof staticPartitions> | ReturnType<typeof dailyPartitions>;
}) {
  const { key = "contract/rows", value, partitions } = options;
  const seen: { input?: unknown } = {};
  const rows = partitions
    ? asset(key, { partitions }, (context) =>
        context.partitionKeys.length > 1
          ? Object.fromEntries(context.partitionKeys.map((one) => [one, value(one)]))
          : value(context.partitionKey),
      )
    : asset(key, () => value(undefined));
  const read = asset("reader", { inputs: { rows } as never, ioManager: "readers" }, ({ inputs }) => {
    seen.input = (inputs as { rows: unknown }).rows;
  });
  return { rows, read, seen };
}

/** What a downstream asset gets, in a run of its own. */
async function loaded(ioManager: IoManagerDefinition, made: ReturnType<typeof pair>): Promise<unknown> {
  await materialize([made.read], { resources: { ioManager, readers: inMemory() } });
  return made.seen.input;
}

const failureOf = async (run: ReturnType<typeof materialize>): Promise<string> => {
  const { success, events } = await run;
  assert.equal(success, false, "the run should have failed");
  const failed = events.find(({ type }) => type === "STEP_FAILURE");
  return failed?.type === "STEP_FAILURE" ? (failed.error?.message ?? "") : "";
};

export function ioManagerContract(subject: IoManagerSubject): ContractCase[] {
  const open = async () => subject.place();
  const cases: ContractCase[] = [];
  const add = (name: string, run: () => Promise<void>) => cases.push({ name, run });

  add("an asset is loaded by a later run as it was stored", async () => {
    const at = await open();
    const made = pair({ value: () => rowsOf("first") });
    await materialize([made.rows], { resources: { ioManager: at() } });
    same(sorted((await loaded(at(), made)) as ContractRow[]), rowsOf("first"));
  });

  add(
    "materializing again replaces the whole value, also a longer one and one of other columns",
    async () => {
      const at = await open();
      for (const value of [
        rowsOf("long", 50),
        rowsOf("short", 1),
        [{ n: 1, other: "x" }],
        [] as ContractRow[],
      ]) {
        const made = pair({ value: () => value });
        await materialize([made.rows], { resources: { ioManager: at() } });
        same(sorted((await loaded(at(), made)) as ContractRow[]), value);
      }
    },
  );

  add("assets are told apart by their whole key", async () => {
    const at = await open();
    const keys = ["a", "b", "x/a", "x/y/a", "a_a"];
    for (const key of keys)
      await materialize([pair({ key, value: () => rowsOf(key) }).rows], { resources: { ioManager: at() } });
    for (const key of keys)
      same(sorted((await loaded(at(), pair({ key, value: () => [] }))) as ContractRow[]), rowsOf(key), key);
  });

  add("a partition replaces its own value only, and all are loaded by key", async () => {
    const at = await open();
    const run = (name: string, partitionKey: string) =>
      materialize([pair({ partitions: regions, value: (key) => rowsOf(`${name} ${key}`) }).rows], {
        partitionKey,
        resources: { ioManager: at() },
      });
    for (const key of ["eu", "us", "asia"]) await run("old", key);
    await run("new", "us");
    const made = pair({ partitions: regions, value: () => [] });
    const all = (await loaded(at(), made)) as Record<string, ContractRow[]>;
    same(Object.fromEntries(Object.entries(all).map(([key, rows]) => [key, sorted(rows)])), {
      eu: rowsOf("old eu"),
      us: rowsOf("new us"),
      asia: rowsOf("old asia"),
    });
  });

  add("a run over a range stores each partition apart, and a downstream partition gets its own", async () => {
    const at = await open();
    const days = dailyPartitions({ start: "2024-03-29", timezone: "Europe/Rome" });
    const rows = asset("daily", { partitions: days }, ({ partitionKeys }) =>
      Object.fromEntries(partitionKeys.map((key) => [key, rowsOf(key)])),
    );
    await materialize([rows], {
      partitionKeyRange: { start: "2024-03-30", end: "2024-04-01" },
      resources: { ioManager: at() },
    });
    const seen: Record<string, unknown> = {};
    const next = asset(
      "next",
      { partitions: days, inputs: { rows }, ioManager: "readers" },
      ({ inputs, partitionKey }) => {
        seen[partitionKey] = sorted(inputs.rows as never);
      },
    );
    for (const partitionKey of ["2024-03-30", "2024-04-01"])
      await materialize([next], { partitionKey, resources: { ioManager: at(), readers: inMemory() } });
    same(seen, { "2024-03-30": rowsOf("2024-03-30"), "2024-04-01": rowsOf("2024-04-01") });
  });

  add("partitions of several dimensions, and keys with odd characters, stay apart", async () => {
    const at = await open();
    const grid = multiPartitions({ day: dailyPartitions({ start: "2024-01-01" }), region: regions });
    const cell = (key: string) => asset("grid", { partitions: grid }, () => rowsOf(key));
    for (const key of ["2024-01-01|eu", "2024-01-01|us", "2024-01-02|eu"])
      await materialize([cell(key)], { partitionKey: key, resources: { ioManager: at() } });
    const seen: unknown[] = [];
    const next = asset(
      "next",
      { partitions: grid, inputs: { rows: cell("") }, ioManager: "readers" },
      ({ inputs }) => {
        seen.push(sorted(inputs.rows));
      },
    );
    for (const partitionKey of ["2024-01-01|us", "2024-01-02|eu"])
      await materialize([next], { partitionKey, resources: { ioManager: at(), readers: inMemory() } });
    same(seen, [rowsOf("2024-01-01|us"), rowsOf("2024-01-02|eu")]);

    const odd = ["a b", "a/b", "a%2Fb", "..", "Ä", "'; --", "a'b\"c", "*", "A", "a"];
    const customers = dynamicPartitions("customers");
    const rows = asset("odd", { partitions: customers }, ({ partitionKey }) => rowsOf(partitionKey, 1));
    const dynamic = { dynamicPartitions: { customers: odd } };
    for (const partitionKey of odd)
      await materialize([rows], { partitionKey, ...dynamic, resources: { ioManager: at() } });
    let all: unknown;
    const reader = asset("reader", { inputs: { rows }, ioManager: "readers" }, ({ inputs }) => {
      all = inputs.rows;
    });
    await materialize([reader], { ...dynamic, resources: { ioManager: at(), readers: inMemory() } });
    same(all, Object.fromEntries(odd.map((key) => [key, rowsOf(key, 1)])));
  });

  add("what is not stored is named, with what to do", async () => {
    const at = await open();
    const read = (made: ReturnType<typeof pair>, partitionKey?: string) =>
      failureOf(
        materialize([made.read], {
          raise: false,
          resources: { ioManager: at(), readers: inMemory() },
          ...(partitionKey !== undefined && { partitionKey }),
        }),
      );
    assert.match(await read(pair({ value: () => [] })), /asset contract\/rows is not .*materialize it first/);

    const made = pair({ partitions: regions, value: (key) => rowsOf(key ?? "") });
    await materialize([made.rows], { partitionKey: "eu", resources: { ioManager: at() } });
    assert.match(await read(made), /needs 2 of 3 partitions of contract\/rows that are not stored: us, asia/);
    const next = asset(
      "next",
      { partitions: regions, inputs: { rows: made.rows } as never, ioManager: "readers" },
      () => undefined,
    );
    const one = materialize([next], {
      partitionKey: "us",
      raise: false,
      resources: { ioManager: at(), readers: inMemory() },
    });
    assert.match(await failureOf(one), /asset contract\/rows \(partition us\) is not .*materialize it first/);
  });

  add("a partition with an empty value is stored, and not missing", async () => {
    const at = await open();
    const made = pair({ partitions: regions, value: (key) => (key === "us" ? [] : rowsOf(key ?? "")) });
    for (const partitionKey of ["us", "eu", "asia"])
      await materialize([made.rows], { partitionKey, resources: { ioManager: at() } });
    const all = (await loaded(at(), made)) as Record<string, ContractRow[]>;
    same(all.us, []);
  });

  add("a value that it cannot keep is refused by name, and the earlier value stays", async () => {
    const at = await open();
    const made = pair({ value: () => rowsOf("good") });
    await materialize([made.rows], { resources: { ioManager: at() } });
    const bad = pair({ value: () => subject.unstorable.value });
    const said = await failureOf(materialize([bad.rows], { raise: false, resources: { ioManager: at() } }));
    assert.match(said, /asset contract\/rows/);
    assert.match(said, subject.unstorable.message);
    same(sorted((await loaded(at(), made)) as ContractRow[]), rowsOf("good"));
  });

  add("it says with each materialization what it stored", async () => {
    const at = await open();
    const { rows } = pair({ value: () => rowsOf("one") });
    const run = await materialize([rows], { resources: { ioManager: at() } });
    assert.notDeepEqual(Object.keys(run.metadataOf(rows)), []);
    const [handled] = run.eventsOf("HANDLED_OUTPUT");
    same(handled?.metadata, run.metadataOf(rows));
  });

  add("assets choose it by name, beside another", async () => {
    const at = await open();
    const first = asset("first", { ioManager: "special" }, () => rowsOf("first"));
    let seen: unknown;
    const second = asset("second", { inputs: { first } }, ({ inputs }) => {
      seen = inputs.first;
      return () => "anything";
    });
    const resources = { special: at(), ioManager: inMemory() };
    const run = await materialize([first, second], { resources });
    same(sorted(seen as ContractRow[]), rowsOf("first"));
    same(
      run.eventsOf("HANDLED_OUTPUT").map(({ ioManager }) => ioManager),
      ["special", "ioManager"],
    );
  });

  add("many partitions at once, and the same asset at once, end whole", async () => {
    const at = await open();
    const keys = Array.from({ length: 12 }, (_, n) => `p${n}`);
    const partitions = staticPartitions(keys);
    const made = pair({ partitions, value: (key) => rowsOf(key ?? "", 40) });
    await Promise.all(
      keys.map((partitionKey) => materialize([made.rows], { partitionKey, resources: { ioManager: at() } })),
    );
    const all = (await loaded(at(), made)) as Record<string, ContractRow[]>;
    for (const key of keys) same(sorted(all[key] ?? []), rowsOf(key, 40));

    const names = ["a", "b", "c", "d", "e", "f"];
    const write = (name: string) => pair({ key: "same", value: () => rowsOf(name, 40) });
    await Promise.all(
      names.map((name) => materialize([write(name).rows], { resources: { ioManager: at() } })),
    );
    const rows = sorted((await loaded(at(), write(""))) as ContractRow[]);
    same(rows, rowsOf(String(rows[0]?.name), 40));
  });

  add(
    subject.opOutputs ? "outputs of ops are kept by run" : "outputs of ops are refused with what to do",
    async () => {
      const at = await open();
      const make = op("make", () => rowsOf("op"));
      const use = op("use", { inputs: { rows: make } }, ({ inputs }) => {
        same(sorted(inputs.rows), rowsOf("op"));
      });
      const run = await executeInProcess(
        job("j", () => void use({ rows: make() })),
        { raise: subject.opOutputs, resources: { ioManager: at() } },
      );
      assert.equal(run.success, subject.opOutputs);
      if (subject.opOutputs) return;
      assert.match(JSON.stringify(run.events), /is no asset.*another IO manager/);
    },
  );

  const other = subject.process;
  if (other === undefined) return cases;
  const start = (args: string[]) => {
    const { command, env } = other();
    const [program, ...rest] = command;
    return spawn(program, [...rest, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...env },
    });
  };

  add("two processes at once store what each made", async () => {
    const at = await open();
    const ended = await Promise.all(
      ["eu", "us"].map(async (key) => (await once(start(["once", key]), "close"))[0] as number),
    );
    assert.deepEqual(ended, [0, 0]);
    for (const key of ["eu", "us"]) same(await written(at(), key), rowsOf(key, WRITTEN));
  });

  add("a process that is killed while it stores leaves the old value or the new one, whole", async () => {
    const at = await open();
    for (let round = 1; round <= 3; round++) {
      const child = start(["forever", "eu"]);
      const closed = once(child, "close");
      for (let written = 0; written < 1 + round; written++) await once(child.stdout, "data");
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      child.kill("SIGKILL");
      await closed;
      const rows = await written(at(), "eu");
      same(rows, rowsOf(String(rows[0]?.name), WRITTEN));
    }
  });
  return cases;
}

/** Rows that a writer process stores at once: enough that a kill may come in between. */
const WRITTEN = 2000;

function writerAsset(value: (partition: string) => ContractRow[]) {
  const rows = asset("written", { partitions: regions }, ({ partitionKey }) => value(partitionKey));
  return { rows };
}

/** What a writer stored of one partition. */
async function written(ioManager: IoManagerDefinition, partitionKey: string): Promise<ContractRow[]> {
  const { rows } = writerAsset(() => []);
  let seen: ContractRow[] = [];
  const read = asset(
    "reader",
    { partitions: regions, inputs: { rows }, ioManager: "readers" },
    ({ inputs }) => {
      seen = sorted(inputs.rows);
    },
  );
  await materialize([read], { partitionKey, resources: { ioManager, readers: inMemory() } });
  return seen;
}

/**
 * The other process of the cases about several: call it in a program whose last two arguments are handed on, with the manager
 * over the place that the program was told of.
 */
export async function contractWriter(
  ioManager: IoManagerDefinition,
  args: readonly string[] = process.argv.slice(-2),
): Promise<void> {
  const [mode, partitionKey = ""] = args;
  for (let n = 0; n === 0 || mode === "forever"; n++) {
    const name = mode === "forever" ? `${partitionKey} ${n} of ${process.pid}` : partitionKey;
    const { rows } = writerAsset(() => rowsOf(name, WRITTEN));
    await materialize([rows], { partitionKey, resources: { ioManager } });
    process.stdout.write(`written ${n}\n`);
  }
}
