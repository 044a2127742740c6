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
  const { url, drop } = await withPostgres();
  try {
    const { seconds: _, ...raced } = await race(url, TICKS, skews);
    expect(raced).toMatchObject({ ticks: TICKS, runs: 2 * TICKS, duplicates: 0, lost: 0 });
    // There was a race.
    expect(raced.fewest).toBeGreaterThan(0);
    if (skews.some((skew) => skew > 0)) expect(raced.takenOver).toBeGreaterThan(0);
  } finally {
    await drop();
  }
});
