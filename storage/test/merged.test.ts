import { Unavailable } from "@dagster-operator/engine";
import { expect, test } from "@jest/globals";
import { merged } from "../src/database/merged.ts";

/** Work that doubles; keeps what each turn was of. Calls in `bad` make their turn fail, with `error` if that is given. */
function doubling(
  { bad = [], error }: { bad?: number[]; error?: Error } = {},
  apart?: (n: number) => string,
) {
  const turns: number[][] = [];
  const call = merged<number, number>(async (calls) => {
    turns.push(calls);
    await new Promise((resolve) => setImmediate(resolve));
    const wrong = calls.find((n) => bad.includes(n));
    if (wrong !== undefined) throw error ?? new Error(`${wrong} is wrong`);
    return calls.map((n) => n * 2);
  }, apart);
  return { call, turns };
}

test("calls of one moment share a turn, later ones the next, and each gets its own answer", async () => {
  const { call, turns } = doubling();
  const first = [1, 2, 3].map(call);
  expect(await first[0]).toBe(2);
  expect(await Promise.all([...first, call(4), call(5)])).toEqual([2, 4, 6, 8, 10]);
  expect(turns).toEqual([
    [1, 2, 3],
    [4, 5],
  ]);
});

test("a turn that fails is done again for each call alone: only what is wrong is refused", async () => {
  const { call, turns } = doubling({ bad: [2] });
  expect(await Promise.allSettled([1, 2, 3].map(call))).toEqual([
    { status: "fulfilled", value: 2 },
    { status: "rejected", reason: new Error("2 is wrong") },
    { status: "fulfilled", value: 6 },
  ]);
  expect(turns).toEqual([[1, 2, 3], [1], [2], [3]]);
  // It goes on as before.
  expect(await Promise.all([4, 5].map(call))).toEqual([8, 10]);
  expect(turns.at(-1)).toEqual([4, 5]);
});

test("what fails alone is not tried twice, and a database that is away is not asked for each", async () => {
  const alone = doubling({ bad: [1] });
  await expect(alone.call(1)).rejects.toThrow("1 is wrong");
  expect(alone.turns).toEqual([[1]]);

  const away = doubling({ bad: [2], error: new Unavailable("the database is away") });
  const settled = await Promise.allSettled([1, 2, 3].map(away.call));
  expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(away.turns).toEqual([[1, 2, 3]]);
});

test("calls of one key never share a turn, and keep their order", async () => {
  const { call, turns } = doubling({}, (n) => String(n % 10));
  expect(await Promise.all([1, 11, 2, 21].map(call))).toEqual([2, 22, 4, 42]);
  expect(turns).toEqual([[1, 2], [11], [21]]);
});

test("a turn takes two hundred calls at most", async () => {
  const { call, turns } = doubling();
  const all = Array.from({ length: 450 }, (_, n) => n);
  expect(await Promise.all(all.map(call))).toEqual(all.map((n) => n * 2));
  expect(turns.map(({ length }) => length)).toEqual([200, 200, 50]);
});
