import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type StoredSubset, type Subset, Universe } from "../src/index.ts";

const names = Array.from({ length: 100 }, (_, n) => `p${String(n).padStart(3, "0")}`);
/** A universe and two sets of its keys. */
const sets = fc
  .tuple(fc.subarray(names), fc.boolean())
  .chain(([keys, ordered]) =>
    fc.tuple(fc.constant(keys), fc.constant(ordered), fc.subarray(keys), fc.subarray(keys)),
  );

test("subsets are sets: union, intersection, difference, size and membership", () => {
  fc.assert(
    fc.property(sets, ([keys, ordered, left, right]) => {
      const universe = new Universe(keys, ordered);
      const [a, b] = [universe.of(left), universe.of(right)];
      const [x, y] = [new Set(left), new Set(right)];
      const is = (subset: Subset, holds: (key: string) => boolean) => {
        expect(subset.keys()).toEqual(keys.filter(holds));
        expect(subset.size).toBe(keys.filter(holds).length);
        for (const key of names) expect(subset.has(key)).toBe(keys.includes(key) && holds(key));
      };
      is(a.or(b), (key) => x.has(key) || y.has(key));
      is(a.and(b), (key) => x.has(key) && y.has(key));
      is(a.minus(b), (key) => x.has(key) && !y.has(key));
      is(universe.full().minus(a), (key) => !x.has(key));
      is(universe.empty(), () => false);
      expect(a.minus(b).or(a.and(b)).equals(a)).toBe(true);
      expect(
        universe
          .full()
          .minus(a.or(b))
          .equals(universe.full().minus(a).and(universe.full().minus(b))),
      ).toBe(true);
    }),
  );
});

test("a stored subset is the same among keys that were added or are gone since", () => {
  fc.assert(
    fc.property(fc.subarray(names), fc.subarray(names), fc.func(fc.boolean()), (then, now, chosen) => {
      const subset = new Universe(then).of(then.filter((key) => chosen(key)));
      const stored = JSON.parse(JSON.stringify(subset.store())) as StoredSubset;
      const restored = new Universe(now).restore(stored);
      expect(restored.keys()).toEqual(now.filter((key) => subset.has(key)));
    }),
  );
});

test("of windows ranges are stored, which hold when later windows have come", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100 }), fc.func(fc.boolean()), (count, chosen) => {
      const universe = new Universe(names.slice(0, count), true);
      const subset = universe.of(universe.keys?.filter((key) => chosen(key)) ?? []);
      const stored = subset.store();
      expect(new Universe(names, true).restore(stored).keys()).toEqual(subset.keys());
      expect(universe.restore(stored).equals(subset)).toBe(true);
    }),
  );
});

test("an asset without partitions is there or not", () => {
  const whole = new Universe(null);
  expect(whole.full().keys()).toEqual([""]);
  expect(whole.restore(whole.full().store()).size).toBe(1);
  expect(whole.restore(whole.empty().store()).size).toBe(0);
  // Its partitions were taken away since.
  expect(whole.restore({ keys: ["a"] }).size).toBe(0);
  expect(new Universe(["a"]).restore(true).size).toBe(0);
});

test("10,000 partitions are one range of a few bytes", () => {
  const universe = new Universe(
    Array.from({ length: 10_000 }, (_, n) => `k${n}`),
    true,
  );
  expect(universe.full().store()).toEqual({ ranges: [["k0", "k9999"]] });
  expect(universe.full().minus(universe.of(["k5000"])).size).toBe(9_999);
});
