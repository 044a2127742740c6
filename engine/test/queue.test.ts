import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { QueueLimits } from "../src/ports/run-storage.ts";
import { chooseRuns, priorityOf, type QueuedRun } from "../src/queue/decide.ts";

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
    roots: fc.uniqueArray(fc.option(name), { minLength: 1 }),
  });
  const counts = fc
    .record({ a: fc.nat(3), b: fc.nat(3) }, { requiredKeys: [] })
    .map((record) => new Map(Object.entries(record)));

  test("by runs no limit is ever passed, and no run is left behind that had room", () => {
    fc.assert(
      fc.property(fc.array(pools, { maxLength: 10 }), counts, counts, (given, limits, used) => {
        const queued = given.map((each, index) => run(String(index), { createdAt: index, pools: each }));
        const byRun: QueueLimits = {
          ...unlimited,
          pools: { defaultLimit: 2, granularity: "run", runBuffer: 0 },
        };
        const chosen = new Set(chooseRuns(queued, [], byRun, 100, { limits, used }));
        const left = (pool: string) =>
          (limits.get(pool) ?? 2) -
          (used.get(pool) ?? 0) -
          queued.filter((each) => chosen.has(each.runId) && each.pools?.all.includes(pool)).length;
        for (const each of queued) {
          if (chosen.has(each.runId))
            expect(each.pools?.all.every((pool) => (used.get(pool) ?? 0) < (limits.get(pool) ?? 2))).toBe(
              true,
            );
          else expect(each.pools?.all.some((pool) => left(pool) <= 0)).toBe(true);
        }
      }),
    );
  });

  test("by steps a run waits only while none of its first steps could start", () => {
    fc.assert(
      fc.property(pools, counts, counts, fc.nat(2), (each, limits, used, runBuffer) => {
        const byStep: QueueLimits = {
          ...unlimited,
          pools: { defaultLimit: null, granularity: "op", runBuffer },
        };
        const room = each.roots.some(
          (pool) =>
            pool === null || !limits.has(pool) || (limits.get(pool) ?? 0) + runBuffer > (used.get(pool) ?? 0),
        );
        expect(chooseRuns([run("r", { pools: each })], [], byStep, 1, { limits, used })).toEqual(
          room ? ["r"] : [],
        );
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

  test("no limit is ever passed, and no run is left behind that had room", () => {
    const tags = fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("1", "2"), { maxKeys: 2 });
    const limit = fc.record({
      key: fc.constantFrom("a", "b"),
      limit: fc.nat(3),
      perUniqueValue: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(tags, { maxLength: 12 }),
        fc.array(tags, { maxLength: 4 }),
        fc.integer({ min: -1, max: 8 }),
        fc.array(limit, { maxLength: 3 }),
        (waiting, runningTags, maxConcurrentRuns, tagLimits) => {
          const running = runningTags.map((each) => ({ tags: each }));
          const queued = waiting.map((each, index) => run(`${index}`, { tags: each, createdAt: index }));
          const limits = { maxConcurrentRuns, tagLimits };
          const chosen = new Set(chooseRuns(queued, running, limits, 100));
          const started = [...running, ...queued.filter(({ runId }) => chosen.has(runId))];
          if (maxConcurrentRuns >= 0)
            expect(chosen.size).toBeLessThanOrEqual(Math.max(0, maxConcurrentRuns - running.length));
          const full = maxConcurrentRuns >= 0 && started.length >= maxConcurrentRuns;
          const isOver = (
            all: { tags: Record<string, string> }[],
            mine: Record<string, string>,
            slack: number,
          ) =>
            tagLimits.some(({ key, limit: most, perUniqueValue }) => {
              const own = mine[key];
              if (own === undefined) return false;
              const same = all.filter(
                (each) => each.tags[key] !== undefined && (!perUniqueValue || each.tags[key] === own),
              );
              return same.length + slack > most;
            });
          for (const each of queued) {
            if (chosen.has(each.runId)) expect(isOver(started, each.tags, 0)).toBe(false);
            else if (!full) expect(isOver(started, each.tags, 1)).toBe(true);
          }
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
