import { withPostgres } from "@dagster-operator/storage/testing";
import { expect, jest, test } from "@jest/globals";
import { race } from "./race.ts";

jest.setTimeout(600_000);

/** RACES=10000 for as many as `make bench B=races`. */
const TICKS = Number(process.env.RACES ?? 500);

test.each([
  ["whose clocks agree", [0, 0]],
  // Every lease of the first has run out for the second: it takes each tick that it finds open, while the first goes on with it.
  ["of which one takes over what the other holds", [0, 600_000]],
])("schedulers %s race for each tick: nothing twice, nothing lost", async (_, skews) => {
  const takesOver = skews.some((skew) => skew > 0);
  // Until there was a race: on a busy machine one of them may have done all before the other had a turn.
  for (let raced = false; !raced; ) {
    const { url, drop } = await withPostgres();
    try {
      const { fewest, takenOver, seconds: _, ...outcome } = await race(url, TICKS, skews);
      expect(outcome).toEqual({ ticks: TICKS, runs: 2 * TICKS, duplicates: 0, lost: 0 });
      raced = fewest > 0 && (takenOver > 0 || !takesOver);
    } finally {
      await drop();
    }
  }
});
