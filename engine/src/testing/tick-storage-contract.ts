import { beforeEach, describe, expect, test } from "@jest/globals";
import { Conflict } from "../errors.ts";
import type { Storage } from "../ports/storage.ts";
import type { InstigatorId } from "../ports/tick-storage.ts";
import { exampleEvent, present, type StorageSubject } from "./storage-subject.ts";

const schedule: InstigatorId = { kind: "SCHEDULE", location: "examples", name: "nightly" };
const sensor: InstigatorId = { kind: "SENSOR", location: "examples", name: "files" };
const success = { status: "SUCCESS", runIds: ["r1"], logs: ["looked"] } as const;
const outcome = { ...success, runIds: [...success.runIds], logs: [...success.logs] };

/** What every TickStorage does. Times are given, so nothing waits. */
export function tickStorageContract(subject: StorageSubject): void {
  describe("TickStorage", () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await subject.fresh();
    });
    const only = async () => (await storage.ticks.states())[0];

    test("a tick is opened, closed, and moves its instigator", async () => {
      const tick = await storage.ticks.begin(schedule, 1000, "d1", 60_000, 5000);
      expect(tick).toEqual({
        ...schedule,
        id: tick?.id,
        status: "STARTED",
        at: 1000,
        startedAt: 5000,
        endedAt: null,
        runIds: [],
        skipReason: null,
        error: null,
        cursor: null,
        originRunIds: [],
        logs: [],
        dynamicPartitions: [],
      });
      await storage.ticks.finish(
        present(tick).id,
        "d1",
        { ...outcome, cursor: "c1", lastRunKey: "k1" },
        6000,
      );
      expect(await storage.ticks.ticks(schedule, { limit: 10 })).toEqual([
        { ...tick, status: "SUCCESS", endedAt: 6000, runIds: ["r1"], logs: ["looked"], cursor: "c1" },
      ]);
      expect(await storage.ticks.states()).toEqual([
        { ...schedule, status: null, cursor: "c1", lastTickAt: 1000, lastRunKey: "k1", since: null },
      ]);
    });

    test("what a tick reports of assets is stored when it is closed, and not without that", async () => {
      const assetEvents = [
        exampleEvent("ASSET_MATERIALIZATION", { asset: ["files"], metadata: {}, partition: "a" }),
      ];
      const tick = present(await storage.ticks.begin(sensor, 1000, "d1", 60_000, 5000));
      const closing = { ...outcome, originRunIds: ["r0"], assetEvents };
      await expect(storage.ticks.finish(tick.id, "d2", closing, 6000)).rejects.toBeInstanceOf(Conflict);
      expect(await storage.assets.history(["files"], { limit: 9 })).toEqual([]);
      await storage.ticks.finish(tick.id, "d1", closing, 6000);
      const history = await storage.assets.history(["files"], { limit: 9 });
      expect(history.map(({ runId, event }) => ({ runId, event }))).toEqual([
        { runId: null, event: assetEvents[0] },
      ]);
      expect((await storage.ticks.ticks(sensor, { limit: 1 }))[0]?.originRunIds).toEqual(["r0"]);
    });

    test("one scheduled time has one tick, ever", async () => {
      const tick = await storage.ticks.begin(schedule, 1000, "d1", 60_000, 5000);
      await storage.ticks.finish(
        present(tick).id,
        "d1",
        { ...outcome, status: "FAILURE", error: { name: "E", message: "no" } },
        6000,
      );
      expect(await storage.ticks.begin(schedule, 1000, "d2", 60_000, 1e9)).toBeNull();
      expect((await storage.ticks.ticks(schedule, { limit: 10 }))[0]?.error).toEqual({
        name: "E",
        message: "no",
      });
    });

    test("one instigator has one evaluation at a time, others are not held back", async () => {
      expect(await storage.ticks.begin(schedule, 1000, "d1", 60_000, 5000)).not.toBeNull();
      expect(await storage.ticks.begin(schedule, 2000, "d2", 60_000, 5001)).toBeNull();
      expect(
        await storage.ticks.begin({ ...schedule, location: "other" }, 1000, "d2", 60_000, 5001),
      ).not.toBeNull();
    });

    test("who planned by what is no longer so opens none", async () => {
      const seen = { status: null, cursor: null, lastTickAt: null };
      const tick = present(await storage.ticks.begin(sensor, 1000, "d1", 60_000, 1000, seen));
      await storage.ticks.finish(
        tick.id,
        "d1",
        { status: "SKIPPED", runIds: [], logs: [], cursor: "c" },
        1001,
      );
      expect(await storage.ticks.begin(sensor, 2000, "d2", 60_000, 2000, seen)).toBeNull();
      const now = { status: null, cursor: "c", lastTickAt: 1000 };
      expect(await storage.ticks.begin(sensor, 2000, "d2", 60_000, 2000, { ...now, cursor: "d" })).toBeNull();
      await storage.ticks.setStatus(sensor, "STOPPED", 2000);
      expect(await storage.ticks.begin(sensor, 2000, "d2", 60_000, 2000, now)).toBeNull();
      const stopped = { ...now, status: "STOPPED" as const };
      expect(await storage.ticks.begin(sensor, 2000, "d2", 60_000, 2000, stopped)).not.toBeNull();
    });

    test("of ticks that are opened and closed at once each has its own answer", async () => {
      const ids = Array.from({ length: 30 }, (_, n) => ({ ...schedule, name: `s${n}` }));
      const begin = (id: typeof schedule) => storage.ticks.begin(id, 1000, "d1", 60_000, 1000);
      const ticks = await Promise.all(ids.map(begin));
      expect(ticks.map((tick) => tick?.name)).toEqual(ids.map(({ name }) => name));
      expect(await Promise.all([...ids, ...ids].map(begin))).toEqual(Array(60).fill(null));
      const closed = await Promise.allSettled(
        ticks.map((tick, n) =>
          storage.ticks.finish(
            present(tick).id,
            n === 7 ? "d2" : "d1",
            { ...outcome, runIds: [`r${n}`] },
            1001,
          ),
        ),
      );
      expect(closed.map(({ status }) => status)).toEqual(
        ids.map((_, n) => (n === 7 ? "rejected" : "fulfilled")),
      );
      for (const n of [0, 7, 29]) {
        const [tick] = await storage.ticks.ticks(present(ids[n]), { limit: 10 });
        expect(tick?.runIds).toEqual(n === 7 ? [] : [`r${n}`]);
      }
    });

    test("many daemons at once open one tick", async () => {
      const other = await subject.another();
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, n) =>
          (n % 2 ? other : storage).ticks.begin(schedule, 1000, `d${n}`, 60_000, 5000),
        ),
      );
      expect(answers.filter((tick) => tick !== null)).toHaveLength(1);
    });

    test("an expired lease of the same time is taken over under the same id, and its first owner is refused", async () => {
      const first = await storage.ticks.begin(schedule, 1000, "d1", 100, 5000);
      const second = await storage.ticks.begin(schedule, 1000, "d2", 100, 5200);
      expect(second).toMatchObject({ id: first?.id, startedAt: 5200 });
      await expect(storage.ticks.finish(present(first).id, "d1", outcome, 5210)).rejects.toBeInstanceOf(
        Conflict,
      );
      await storage.ticks.finish(present(second).id, "d2", outcome, 5220);
      await expect(storage.ticks.finish(present(second).id, "d2", outcome, 5230)).rejects.toBeInstanceOf(
        Conflict,
      );
    });

    test("a schedule's tick that was left comes before a later one", async () => {
      const left = await storage.ticks.begin(schedule, 1000, "d1", 100, 1000);
      const taken = present(await storage.ticks.begin(schedule, 3000, "d2", 100, 3000));
      expect(taken).toMatchObject({ id: left?.id, at: 1000, startedAt: 3000 });
      expect(await storage.ticks.begin(schedule, 3000, "d3", 100, 3001)).toBeNull();
      await storage.ticks.finish(taken.id, "d2", outcome, 3002);
      expect(await storage.ticks.begin(schedule, 3000, "d3", 100, 3003)).toMatchObject({ at: 3000 });
    });

    test("a sensor's last tick follows a clock that was set back, a schedule's does not", async () => {
      for (const id of [schedule, sensor])
        for (const at of [9000, 1000]) {
          const tick = present(await storage.ticks.begin(id, at, "d1", 100, at));
          await storage.ticks.finish(tick.id, "d1", outcome, at);
        }
      const states = await storage.ticks.states();
      expect(states.map(({ kind, lastTickAt }) => [kind, lastTickAt])).toEqual([
        ["SCHEDULE", 9000],
        ["SENSOR", 1000],
      ]);
    });

    test("a sensor goes on at a later time when its daemon went away, and the tick that it left is closed", async () => {
      const left = await storage.ticks.begin(sensor, 1000, "d1", 100, 1000);
      const next = await storage.ticks.begin(sensor, 2000, "d2", 100, 2000);
      expect(next?.id).not.toBe(left?.id);
      const [, old] = await storage.ticks.ticks(sensor, { limit: 10 });
      expect(old).toMatchObject({ id: left?.id, status: "FAILURE", endedAt: 2000 });
    });

    test("a released tick is as if it had never begun, and only its owner releases it", async () => {
      const tick = await storage.ticks.begin(schedule, 1000, "d1", 60_000, 5000);
      await storage.ticks.release(present(tick).id, "d2");
      expect(await storage.ticks.begin(schedule, 1000, "d2", 60_000, 5001)).toBeNull();
      await storage.ticks.release(present(tick).id, "d1");
      expect(await storage.ticks.ticks(schedule, { limit: 10 })).toEqual([]);
      expect((await only())?.lastTickAt).toBeNull();
      expect(await storage.ticks.begin(schedule, 1000, "d2", 60_000, 5002)).not.toBeNull();
    });

    test("a cursor is kept, set to nothing, or moved by the outcome", async () => {
      await storage.ticks.setCursor(sensor, "start");
      const tick = async (at: number, cursor?: string | null) => {
        const begun = await storage.ticks.begin(sensor, at, "d", 100, at);
        await storage.ticks.finish(
          present(begun).id,
          "d",
          { status: "SKIPPED", runIds: [], logs: [], skipReason: "nothing new", cursor },
          at + 1,
        );
        return (await only())?.cursor;
      };
      expect(await tick(1)).toBe("start");
      expect(await tick(2, "a\0b")).toBe("a\ufffdb");
      expect(await tick(3, null)).toBeNull();
      expect((await storage.ticks.ticks(sensor, { limit: 1 }))[0]?.skipReason).toBe("nothing new");
      await storage.ticks.setCursor(sensor, null);
      expect((await only())?.cursor).toBeNull();
    });

    test("an instigator is due from when it was first seen running or was switched on", async () => {
      await storage.ticks.ensure([schedule, schedule], 1000);
      await storage.ticks.ensure([schedule], 2000);
      expect((await only())?.since).toBe(1000);
      await storage.ticks.setStatus(schedule, "STOPPED", 3000);
      await storage.ticks.setStatus(schedule, "RUNNING", 4000);
      await storage.ticks.setStatus(schedule, "RUNNING", 5000);
      expect(await only()).toMatchObject({ status: "RUNNING", since: 4000 });
      await storage.ticks.setStatus(schedule, null, 6000);
      await storage.ticks.ensure([schedule], 7000);
      expect(await only()).toMatchObject({ status: null, since: 7000 });
    });

    test("ticks are listed newest first, by status and behind a cursor", async () => {
      for (const at of [1, 2, 3, 4]) {
        const tick = await storage.ticks.begin(sensor, at, "d", 100, at);
        await storage.ticks.finish(
          present(tick).id,
          "d",
          { ...outcome, status: at % 2 ? "SUCCESS" : "SKIPPED" },
          at,
        );
      }
      const all = await storage.ticks.ticks(sensor, { limit: 10 });
      expect(all.map(({ at }) => at)).toEqual([4, 3, 2, 1]);
      expect(await storage.ticks.ticks(sensor, { limit: 2, before: present(all[0]).id })).toEqual(
        all.slice(1, 3),
      );
      const skipped = await storage.ticks.ticks(sensor, { limit: 10, statuses: ["SKIPPED", "FAILURE"] });
      expect(skipped.map(({ at }) => at)).toEqual([4, 2]);
      expect(await storage.ticks.ticks(schedule, { limit: 10 })).toEqual([]);
    });
  });
}
