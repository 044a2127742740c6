import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { NotFound, Unavailable } from "../errors.ts";
import { type CodeLocation, LoadError, UserCodeError } from "../ports/code-location.ts";

/** A location whose definitions are the ones that the contract asks for, and the ways to break it. */
export interface CodeLocationHarness {
  /**
   * A code location with: a job `work`, whose run config wants a number at `ops.scale.config.factor`; a schedule `nightly`
   * that requests a run of `work` with run key = its scheduled time in ISO form and tag `from=nightly`; sensors `counting`
   * (cursor = previous cursor + 1, logs "counted", skips with the reason `nothing new`), `throwing` (logs "about to break", throws an error with
   * the message `sensor is broken`) and `hanging` (never ends); assets `days` (dynamic partitions) and `halves` (static ones `a`
   * and `b`), which depends on `days` by a custom mapping: `one` is needed by `a`, `both` by `a` and `b`, anything else by `c`.
   */
  open(): Promise<{ code: CodeLocation; close(): Promise<void> }>;
  /** A location whose code throws an error with the message `broken at import`. */
  openBroken(): Promise<{ code: CodeLocation; close(): Promise<void> }>;
  /** A location that nobody serves. */
  openAbsent(): Promise<{ code: CodeLocation; close(): Promise<void> }>;
}

const SENSOR = { cursor: null, lastRunKey: null, lastTickTime: null, timeoutMs: 120_000 };

/** What every adapter of the port CodeLocation does. */
export function codeLocationContract(name: string, harness: CodeLocationHarness): void {
  describe(`${name} as a code location`, () => {
    let code: CodeLocation;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ code, close } = await harness.open());
    });
    afterAll(() => close?.());

    test("serves the definitions, and the same hash again while nothing changes", async () => {
      const first = await code.definitions();
      expect(first.jobs.map((job) => job.name)).toContain("work");
      expect(first.sensors.map((sensor) => sensor.name).sort()).toEqual(["counting", "hanging", "throwing"]);
      expect((await code.definitions()).hash).toBe(first.hash);
    });

    test("evaluates a schedule at the time that it is told", async () => {
      const scheduledTime = Date.UTC(2026, 2, 1, 4, 30);
      const tick = await code.evaluateSchedule("nightly", { scheduledTime, timeoutMs: 120_000 });
      expect(tick.runRequests).toHaveLength(1);
      expect(tick.runRequests[0]).toMatchObject({
        runKey: "2026-03-01T04:30:00.000Z",
        tags: { from: "nightly" },
      });
    });

    test("evaluates a sensor with its cursor and brings back cursor, skip reason and log lines", async () => {
      const tick = await code.evaluateSensor("counting", { ...SENSOR, cursor: "41" });
      expect(tick).toMatchObject({ cursor: "42", skipReason: "nothing new", runRequests: [] });
      expect(tick.logs.join("\n")).toContain("counted");
    });

    test("rejects with the user's own error when a sensor throws", async () => {
      const error = await caught(code.evaluateSensor("throwing", SENSOR));
      expect(error).toBeInstanceOf(UserCodeError);
      expect((error as UserCodeError).error.message).toContain("sensor is broken");
      expect((error as UserCodeError).error.stack).toBeTruthy();
      expect((error as UserCodeError).logs.join("\n")).toContain("about to break");
    });

    test("rejects, and does not hang, when a sensor does not end in time", async () => {
      const error = await caught(code.evaluateSensor("hanging", { ...SENSOR, timeoutMs: 300 }));
      expect(error).toBeInstanceOf(UserCodeError);
      expect((error as UserCodeError).message).toContain("hanging");
    });

    test("rejects with NotFound for names that it does not have", async () => {
      expect(await caught(code.evaluateSensor("nobody", SENSOR))).toBeInstanceOf(NotFound);
      const at = { scheduledTime: 0, timeoutMs: 120_000 };
      expect(await caught(code.evaluateSchedule("nobody", at))).toBeInstanceOf(NotFound);
      expect(await caught(code.validateRunConfig("nobody", {}))).toBeInstanceOf(NotFound);
    });

    test("finds nothing wrong with a good run config and names the path in a bad one", async () => {
      const config = (factor: unknown) => ({ ops: { scale: { config: { factor } } } });
      expect(await code.validateRunConfig("work", config(2))).toEqual([]);
      const issues = await code.validateRunConfig("work", config("two"));
      expect(issues.map((issue) => issue.path)).toContain("ops.scale.config.factor");
    });

    test("says which partitions a custom mapping leads to, and refuses one that cannot be", async () => {
      const ask = (...keys: string[]) => code.mapPartitions("halves", { upstream: "days", keys });
      expect(await ask("one", "both")).toEqual({ one: ["a"], both: ["a", "b"] });
      const error = await caught(ask("one", "other"));
      expect(error).toBeInstanceOf(UserCodeError);
      expect((error as UserCodeError).message).toMatch(/asset halves depends on days.*other.*"c"/);
      const unknown = code.mapPartitions("nothing", { upstream: "days", keys: [] });
      expect(await caught(unknown)).toBeInstanceOf(NotFound);
    });

    test("rejects with LoadError and the user's message when the code does not load", async () => {
      const broken = await harness.openBroken();
      const error = await caught(broken.code.definitions());
      expect(error).toBeInstanceOf(LoadError);
      expect((error as LoadError).error.message).toContain("broken at import");
      expect(await caught(broken.code.evaluateSensor("counting", SENSOR))).toBeInstanceOf(LoadError);
      await broken.close();
    });

    test("rejects with Unavailable when nobody answers", async () => {
      const absent = await harness.openAbsent();
      expect(await caught(absent.code.definitions())).toBeInstanceOf(Unavailable);
      expect(await caught(absent.code.evaluateSensor("counting", SENSOR))).toBeInstanceOf(Unavailable);
      await absent.close();
    });
  });
}

async function caught(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
