import { ManualClock } from "@dagster-operator/engine/testing";
import { beforeEach, expect, test } from "@jest/globals";
import { Lanes, type Outcome, type Work } from "../src/lanes.ts";

const WIDTH = 2;
let clock: ManualClock;
let lanes: Lanes;
/** Keys in the order in which their work began, and of which work ended. */
let begun: string[];
let freed: number;
let faults: unknown[];
beforeEach(() => {
  clock = new ManualClock(0);
  begun = [];
  faults = [];
  freed = 0;
  lanes = new Lanes(clock, WIDTH, () => freed++);
});

/** Work that ends when the test says so. */
function held(key: string, { light = false } = {}) {
  const ended = Promise.withResolvers<Outcome>();
  let next = () => {};
  const work: Work = {
    key,
    light,
    run: (holdsNoOther) => {
      begun.push(key);
      next = holdsNoOther;
      return ended.promise;
    },
    onFault: (error) => faults.push(error),
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return {
    work,
    next: () => next(),
    end: (outcome: Outcome = "done") => {
      ended.resolve(outcome);
      return settled();
    },
    fail: (error: Error) => {
      ended.reject(error);
      return settled();
    },
  };
}
const heldAll = (...keys: string[]) => keys.map((key) => held(key));
const worksOf = (all: { work: Work }[]) => all.map(({ work }) => work);

test("as many at once as it is wide, in the order of the offer; the next begins when one ends", async () => {
  const all = heldAll("a", "b", "c", "d");
  lanes.offer(worksOf(all));
  expect(begun).toEqual(["a", "b"]);
  await all[1]?.end();
  expect(begun).toEqual(["a", "b", "c"]);
  expect(freed).toBe(1);
});

test("a newer offer takes the place of what waits, not of what runs", async () => {
  const [a, b, c, d] = [held("a"), held("b"), held("c"), held("d")];
  lanes.offer([a.work, b.work, c.work]);
  lanes.offer([d.work, c.work]);
  await a.end();
  await b.end();
  expect(begun).toEqual(["a", "b", "d", "c"]);
});

test("a key is not free while its work runs, nor for who began to look before that ended", async () => {
  const a = held("a");
  expect(lanes.isFree("a")).toBe(true);
  lanes.offer([a.work]);
  expect(lanes.isFree("a")).toBe(false);
  lanes.look();
  await a.end();
  expect(lanes.isFree("a")).toBe(false);
  lanes.look();
  expect(lanes.isFree("a")).toBe(true);
});

test("what is light has room of its own, and work that says so holds nobody back while it ends", async () => {
  const heavy = heldAll("a", "b", "c");
  const light = held("l", { light: true });
  lanes.offer([...worksOf(heavy), light.work]);
  expect(begun).toEqual(["a", "b", "l"]);
  heavy[0]?.next();
  expect(begun).toEqual(["a", "b", "l", "c"]);
  // It gave its room away once: its end gives no second one.
  lanes.offer([held("d").work]);
  await heavy[0]?.end();
  expect(begun).toEqual(["a", "b", "l", "c"]);
});

test("evaluations that hang hold others back for a moment only, and their own key as long as they run", async () => {
  const hanging = heldAll("a", "b");
  const others = heldAll("c", "d");
  lanes.offer([...worksOf(hanging), ...worksOf(others)]);
  expect(begun).toEqual(["a", "b"]);
  clock.advance(5_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toEqual(["a", "b", "c", "d"]);
  lanes.look();
  expect([lanes.isFree("a"), lanes.isFree("b")]).toEqual([false, false]);
});

test("what could not be done waits longer and longer, what another has a second; both until it is done or forgiven", async () => {
  const once = async (outcome: Outcome) => {
    lanes.look();
    const work = held("a");
    lanes.offer([work.work]);
    await work.end(outcome);
    return lanes.retryAt("a") - clock.now();
  };
  expect([await once("later"), await once("later"), await once("later")]).toEqual([1000, 2000, 4000]);
  for (let n = 0; n < 10; n++) await once("later");
  expect(await once("later")).toBe(60_000);
  expect(await once("taken")).toBe(1000);
  expect(await once("later")).toBe(1000);
  lanes.look();
  expect(lanes.isFree("a")).toBe(false);
  lanes.forgive();
  expect(lanes.isFree("a")).toBe(true);
  await once("later");
  expect(await once("done")).toBeLessThanOrEqual(0);
  lanes.look();
  expect(lanes.isFree("a")).toBe(true);
});

test("a fault is told of and counts as later; a clock set back leaves no key waiting for hours", async () => {
  const a = held("a");
  lanes.offer([a.work]);
  clock.advance(3_600_000);
  await a.fail(new Error("storage is away"));
  expect(faults).toEqual([new Error("storage is away")]);
  expect(lanes.retryAt("a")).toBe(clock.now() + 1000);
  clock.advance(-3_600_000);
  lanes.look();
  expect(lanes.isFree("a")).toBe(true);
});

test("settle waits for what runs, and begins nothing that waits", async () => {
  const all = heldAll("a", "b", "c");
  lanes.offer(worksOf(all));
  let settled = false;
  const settling = lanes.settle().then(() => (settled = true));
  await all[0]?.end();
  expect(settled).toBe(false);
  await all[1]?.end();
  await settling;
  expect(begun).toEqual(["a", "b"]);
});
