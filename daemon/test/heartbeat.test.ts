import { HEARTBEAT_MS } from "@dagster-operator/engine";
import { eventually, ManualClock } from "@dagster-operator/engine/testing";
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { keepBeating } from "../src/heartbeat.ts";
import { Loop } from "../src/loop.ts";

test("a loop that sleeps for an hour lives; one that is late for its round does not", async () => {
  const clock = new ManualClock(0);
  const log = pino({ level: "silent" });
  const ending = new AbortController();
  const hour = 3_600_000;
  let rounds = 0;
  let stuck = false;
  const never = new Promise<never>((_, reject) =>
    ending.signal.addEventListener("abort", () => reject(new Error())),
  );
  const loop = new Loop({
    name: "retention",
    clock,
    log,
    iterate: async () => {
      if (stuck) await never;
      rounds++;
      return hour;
    },
    onFault: () => undefined,
  });
  const running = loop.run(ending.signal);
  await eventually("its first round", () => rounds === 1 && loop.health().dueAt !== null);

  let told: string[] = [];
  let beats = 0;
  const beating = keepBeating({
    heartbeats: {
      beat: async (_owner, loops) => {
        told = loops.map(({ type }) => type);
        beats++;
      },
      list: async () => [],
    },
    clock,
    log,
    owner: "here",
    health: () => [{ ...loop.health(), type: "RETENTION" }],
    signal: ending.signal,
  });
  const toldAt = async (time: number) => {
    const before = beats;
    await eventually("the next beat", () => {
      // It may not sleep yet when the clock is first moved.
      clock.advance(beats === before ? Math.max(time - clock.now(), HEARTBEAT_MS) : 0);
      return beats > before;
    });
    return told;
  };
  await eventually("the first beat", () => beats === 1);
  expect(await toldAt(hour - HEARTBEAT_MS)).toEqual(["RETENTION"]);
  stuck = true;
  expect(await toldAt(3 * hour)).toEqual([]);
  ending.abort();
  await Promise.all([running, beating]);
});
