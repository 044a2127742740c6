import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Controller } from "../src/runtime/controller.ts";
import { WorkQueue } from "../src/runtime/work-queue.ts";

let queue: WorkQueue;
beforeEach(() => {
  queue = new WorkQueue();
});
afterEach(() => queue.close());

test("a key that is added often while it waits comes once, in the order of first adding", async () => {
  for (const key of ["a", "b", "a", "c", "b"]) queue.add(key);
  expect(queue.depth).toBe(3);
  expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(["a", "b", "c"]);
  expect(queue.depth).toBe(0);
});

test("a key that is added while it is worked on comes once more, and not before it is done", async () => {
  queue.add("a");
  expect(await queue.take()).toBe("a");
  queue.add("a");
  queue.add("a");
  queue.add("b");
  expect(await queue.take()).toBe("b");
  expect(queue.depth).toBe(0);
  queue.done("a");
  expect(await queue.take()).toBe("a");
  queue.done("a");
  expect(queue.depth).toBe(0);
});

test("a worker that waits gets the next key", async () => {
  const taken = queue.take();
  queue.add("a");
  expect(await taken).toBe("a");
});

test("of several times the earliest counts", async () => {
  queue.addAfter("a", 3_600_000);
  queue.addAfter("a", 5);
  queue.addAfter("a", 3_600_000);
  expect(await queue.take()).toBe("a");
  queue.addAfter("b", 0);
  expect(await queue.take()).toBe("b");
});

test("a closed queue gives nothing more, to those who wait and those who come", async () => {
  const waiting = queue.take();
  queue.addAfter("later", 1);
  queue.close();
  queue.add("a");
  expect([await waiting, await queue.take()]).toEqual([null, null]);
});

/** Runs a controller until `enough` says so, and tells what it counted. */
async function controlled(
  keys: string[],
  reconcile: (key: string, n: number) => Promise<{ requeueAfterMs: number } | undefined>,
  enough: (calls: string[]) => boolean,
  workers = 4,
) {
  const calls: string[] = [];
  const results: string[] = [];
  const errors: unknown[] = [];
  const abort = new AbortController();
  const controller = new Controller({
    name: "test",
    workers,
    reconcile: async (key) => {
      calls.push(key);
      try {
        return await reconcile(key, calls.filter((each) => each === key).length);
      } finally {
        if (enough(calls)) abort.abort();
      }
    },
    metrics: { reconciled: (_, result) => results.push(result), depth: () => {} },
    onError: (_, error) => errors.push(error),
  });
  for (const key of keys) controller.queue.add(key);
  await controller.run(abort.signal);
  return { calls, results, errors };
}

test("a controller tries a key that failed again, and leaves the others alone", async () => {
  const { calls, results, errors } = await controlled(
    ["bad", "good"],
    async (key, n) => {
      if (key === "bad" && n < 3) throw new Error(`no ${n}`);
      return undefined;
    },
    (made) => made.filter((key) => key === "bad").length === 3,
  );
  expect(calls.filter((key) => key === "good")).toHaveLength(1);
  expect(results.sort()).toEqual(["error", "error", "success", "success"]);
  expect(errors.map(String)).toEqual(["Error: no 1", "Error: no 2"]);
});

test("a controller looks again where it is asked to", async () => {
  const { results } = await controlled(
    ["again"],
    async (_, n) => (n < 3 ? { requeueAfterMs: 1 } : undefined),
    (made) => made.length === 3,
  );
  expect(results).toEqual(["requeue", "requeue", "success"]);
});

test("a key is never worked on twice at once, keys are side by side, and a stop waits for what is held", async () => {
  const working = new Set<string>();
  let most = 0;
  let twice = false;
  let ended = 0;
  const { calls } = await controlled(
    ["a", "b", "c", "a", "b"],
    async (key) => {
      twice ||= working.has(key);
      working.add(key);
      most = Math.max(most, working.size);
      await new Promise((resolve) => setTimeout(resolve, 5));
      working.delete(key);
      ended++;
      return { requeueAfterMs: 0 };
    },
    (made) => made.length >= 20,
    3,
  );
  expect({ twice, most }).toEqual({ twice: false, most: 3 });
  expect(ended).toBe(calls.length);
});
