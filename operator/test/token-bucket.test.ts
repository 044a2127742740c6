import { expect, test } from "@jest/globals";
import { TokenBucket } from "../src/kube/token-bucket.ts";

test("a burst is let through at once and the rest waits for its turn, in order", async () => {
  const bucket = new TokenBucket(50, 3);
  const passed: number[] = [];
  const all = Array.from({ length: 5 }, (_, n) => bucket.take().then(() => passed.push(n)));
  await all[2];
  // The fourth needs a fiftieth of a second more, which cannot have passed without a turn of the event loop.
  expect(passed).toEqual([0, 1, 2]);
  await Promise.all(all);
  expect(passed).toEqual([0, 1, 2, 3, 4]);
});

test("one who gives up waiting costs the others nothing", async () => {
  const bucket = new TokenBucket(100, 1);
  await bucket.take();
  const abort = new AbortController();
  const given = bucket.take(abort.signal);
  const next = bucket.take();
  abort.abort(new Error("given up"));
  await expect(given).rejects.toThrow("given up");
  await next;
});
