import { expect, test } from "@jest/globals";
import { daemonHealth, SILENCE_MS } from "../src/daemons/health.ts";

const NOW = 10_000_000;
const error = { name: "LoopError", message: "no luck" };
const beat = (type: string, owner: string, ago: number, broken = false) => ({
  type,
  owner,
  at: NOW - ago,
  error: broken ? error : null,
});

test("a daemon that never beat is not well", () => {
  expect(daemonHealth([], NOW)).toEqual(
    ["QUEUED_RUN_COORDINATOR", "SCHEDULER", "SENSOR", "BACKFILL"].map((type) => ({
      type,
      healthy: false,
      lastHeartbeatAt: null,
      errors: [],
    })),
  );
});

test("one process that is well is enough; one that is silent does not count, whatever it said last", () => {
  const health = daemonHealth(
    [
      beat("SENSOR", "a", 1000, true),
      beat("SENSOR", "b", 2000),
      beat("SCHEDULER", "a", 1000, true),
      beat("SCHEDULER", "gone", SILENCE_MS),
      beat("BACKFILL", "a", SILENCE_MS),
    ],
    NOW,
  );
  const of = (wanted: string) => health.find(({ type }) => type === wanted);
  expect(of("SENSOR")).toMatchObject({ healthy: true, lastHeartbeatAt: NOW - 1000, errors: [error] });
  expect(of("SCHEDULER")).toMatchObject({ healthy: false, errors: [error] });
  expect(of("BACKFILL")).toMatchObject({ healthy: false, lastHeartbeatAt: NOW - SILENCE_MS, errors: [] });
});
