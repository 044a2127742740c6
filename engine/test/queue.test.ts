import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { PoolSettings, RunPools } from "../src/ports/pool-storage.ts";
import type { QueueLimits } from "../src/ports/run-storage.ts";
import { chooseRuns, type PoolUse, priorityOf, type QueuedRun } from "../src/queue/decide.ts";

const run = (runId: string, over: Partial<QueuedRun> = {}): QueuedRun => ({
  runId,
  priority: 0,
  createdAt: 0,
  tags: {},
  ...over,
});
const unlimited: QueueLimits = { maxConcurrentRuns: -1, tagLimits: [] };

describe("pools", () => {
  const name = fc.constantFrom("a", "b");
  const pools = fc.record({
    all: fc.uniqueArray(name, { minLength: 1 }),
    roots: fc.uniqueArray(fc.option(name)),
  });
  const counts = fc
    .record({ a: fc.nat(3), b: fc.nat(3) }, { requiredKeys: [] })
    .map((record) => new Map(Object.entries(record)));

  /** A run starts exactly when it has room beside those that start before it. */
  const inTurn = (
    given: RunPools[],
    settings: PoolSettings,
    use: PoolUse,
    hasRoom: (each: RunPools, before: RunPools[]) => boolean,
  ) => {
    const queued = given.map((each, index) => run(String(index), { createdAt: index, pools: each }));
    const chosen = chooseRuns(queued, [], { ...unlimited, pools: settings }, 100, use);
    const started: RunPools[] = [];
    const expected = queued.filter(({ pools: each }) => {
      const fits = each != null && hasRoom(each, started);
      if (fits) started.push(each);
      return fits;
    });
    expect(chosen).toEqual(expected.map(({ runId }) => runId));
  };
  const many = fc.array(pools, { maxLength: 10 });

  test("by runs a run starts exactly when each of its pools has room", () => {
    fc.assert(
      fc.property(many, counts, counts, (given, limits, used) => {
        const settings = { defaultLimit: 2, granularity: "run", runBuffer: 0 } as const;
        inTurn(given, settings, { limits, used }, ({ all }, before) =>
          all.every((pool) => {
            const taken = before.filter((other) => other.all.includes(pool)).length;
            return (used.get(pool) ?? 0) + taken < (limits.get(pool) ?? 2);
          }),
        );
      }),
    );
  });

  test("by steps a run waits exactly while none of its first steps could start", () => {
    fc.assert(
      fc.property(many, counts, counts, fc.nat(2), (given, limits, used, runBuffer) => {
        const settings = { defaultLimit: null, granularity: "op", runBuffer } as const;
        inTurn(given, settings, { limits, used }, ({ roots }, before) => {
          const free = (pool: string | null) => {
            if (pool === null || !limits.has(pool)) return true;
            const taken = before.flatMap((other) => other.roots).filter((other) => other === pool).length;
            return (used.get(pool) ?? 0) + taken < (limits.get(pool) ?? 0) + runBuffer;
          };
          return roots.length === 0 || roots.some(free);
        });
      }),
    );
  });
});

describe("choosing queued runs", () => {
  test("goes by priority, then age", () => {
    const queued = [
      run("young", { createdAt: 2 }),
      run("old", { createdAt: 1 }),
      run("urgent", { priority: 3, createdAt: 9 }),
    ];
    expect(chooseRuns(queued, [], unlimited, 10)).toEqual(["urgent", "old", "young"]);
  });

  test("leaves a place for each run that runs, and takes none when the queue is paused", () => {
    const queued = [run("a"), run("b"), run("c")];
    expect(chooseRuns(queued, [{ tags: {} }], { maxConcurrentRuns: 3, tagLimits: [] }, 10)).toEqual([
      "a",
      "b",
    ]);
    expect(chooseRuns(queued, [], { maxConcurrentRuns: 0, tagLimits: [] }, 10)).toEqual([]);
  });

  test("a run held back by a tag limit does not hold back the others", () => {
    const limits: QueueLimits = {
      maxConcurrentRuns: 10,
      tagLimits: [{ key: "db", value: "prod", limit: 1 }],
    };
    const queued = [run("a", { tags: { db: "prod" } }), run("b", { tags: { db: "dev" } })];
    expect(chooseRuns(queued, [{ tags: { db: "prod" } }], limits, 10)).toEqual(["b"]);
  });

  test("a limit per unique value counts each value apart, one without a value counts all together", () => {
    const queued = ["x", "x", "y"].map((tenant, index) =>
      run(`${tenant}${index}`, { createdAt: index, tags: { tenant } }),
    );
    const each: QueueLimits = {
      maxConcurrentRuns: -1,
      tagLimits: [{ key: "tenant", perUniqueValue: true, limit: 1 }],
    };
    const together: QueueLimits = { maxConcurrentRuns: -1, tagLimits: [{ key: "tenant", limit: 2 }] };
    expect(chooseRuns(queued, [], each, 10)).toEqual(["x0", "y2"]);
    expect(chooseRuns(queued, [], together, 10)).toEqual(["x0", "x1"]);
  });

  test("a run starts exactly when no limit would be passed by it and those that come before it", () => {
    const value: fc.Arbitrary<string> = fc.constantFrom("1", "2");
    const tags = fc.dictionary(fc.constantFrom("a", "b"), value, { maxKeys: 2 });
    const limit = fc.record(
      { key: fc.constantFrom("a", "b"), limit: fc.nat(3), value, perUniqueValue: fc.boolean() },
      { requiredKeys: ["key", "limit"] },
    );
    fc.assert(
      fc.property(
        fc.array(fc.record({ tags, priority: fc.integer({ min: -1, max: 1 }) }), { maxLength: 12 }),
        fc.array(tags, { maxLength: 4 }),
        fc.integer({ min: -1, max: 8 }),
        fc.array(limit, { maxLength: 3 }),
        fc.nat(10),
        (waiting, runningTags, maxConcurrentRuns, tagLimits, max) => {
          const running = runningTags.map((each) => ({ tags: each }));
          const queued = waiting.map((each, index) => run(`${index}`, { ...each, createdAt: index }));
          const passes = (all: { tags: Record<string, string> }[], { tags: mine }: QueuedRun) =>
            tagLimits.some(({ key, limit: most, value: only, perUniqueValue }) => {
              const own = mine[key];
              if (own === undefined || (only !== undefined && only !== own)) return false;
              const counted = all.filter(({ tags: { [key]: other } }) =>
                perUniqueValue || only !== undefined ? other === own : other !== undefined,
              );
              return counted.length > most;
            });
          const started = [...running];
          const expected = [1, 0, -1]
            .flatMap((priority) => queued.filter((each) => each.priority === priority))
            .filter((each) => {
              const room = maxConcurrentRuns < 0 || started.length < maxConcurrentRuns;
              if (!room || started.length - running.length >= max) return false;
              if (passes([...started, each], each)) return false;
              started.push(each);
              return true;
            });
          const backwards = queued.toReversed();
          expect(chooseRuns(backwards, running, { maxConcurrentRuns, tagLimits }, max)).toEqual(
            expected.map(({ runId }) => runId),
          );
        },
      ),
    );
  });

  test("a priority is an integer, and 0 when the tag is not one", () => {
    const values = ["5", "-2", " 7 ", "1.5", "high", ""].map((value) =>
      priorityOf({ "dagster/priority": value }),
    );
    expect([...values, priorityOf({})]).toEqual([5, -2, 7, 0, 0, 0, 0]);
  });
});
