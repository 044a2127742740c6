import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Storage } from "../ports/storage.ts";
import {
  exampleEvent,
  materialization,
  planEvent,
  present,
  type StorageSubject,
  startedRun,
  workerBatch,
} from "./storage-subject.ts";

const check = (asset: string[], name: string, passed: boolean, partition?: string) =>
  exampleEvent("ASSET_CHECK_EVALUATION", {
    asset,
    check: name,
    passed,
    severity: "ERROR",
    metadata: {},
    partition,
  });
const observation = (asset: string[]) => exampleEvent("ASSET_OBSERVATION", { asset, metadata: {} });
const ended = (type: "RUN_SUCCESS" | "RUN_FAILURE" | "RUN_CANCELED") => exampleEvent(type, {});

/** What every AssetStorage does. */
export function assetStorageContract(subject: StorageSubject): void {
  describe("AssetStorage", () => {
    const key = ["raw", "orders"];
    let storage: Storage;
    beforeEach(async () => {
      storage = await subject.fresh();
    });
    const state = async (asset = key) => (await storage.assets.states([asset]))[0];
    const partitions = async () => Object.fromEntries(await storage.assets.partitions(key));

    test("history is read on from a cursor, oldest first, and by ids; the mark is beyond all of it", async () => {
      const ids: number[] = [];
      const before = await storage.events.mark();
      for (const partition of ["a", "b", "c"])
        ids.push(await storage.assets.reportExternal(materialization(key, { partition })));
      const read = async (page: { after?: number; before?: number; ids?: number[] }, limit = 10) =>
        (await storage.assets.history(key, { kind: "materialization", limit, ...page })).map(({ id }) => id);
      const [a, b, c] = ids as [number, number, number];
      expect(await read({ after: 0 })).toEqual([a, b, c]);
      expect(await read({ after: a }, 1)).toEqual([b]);
      expect(await read({ after: a, before: c })).toEqual([b]);
      expect(await read({ ids: [a, c] })).toEqual([c, a]);
      expect(before).toBeLessThan(a);
      expect(await storage.events.mark()).toBe(c);
    });

    test("the newest of many places is found at once, also before an id", async () => {
      const made = (asset: string[], partition?: string) =>
        storage.assets.reportExternal(materialization(asset, { partition }));
      const other = ["other"];
      const ids = [await made(key, "a"), await made(key, "b"), await made(key, "a"), await made(other)];
      const seen = await storage.assets.reportExternal(observation(other));
      const kind = "materialization" as const;
      const found = await storage.assets.newest([
        { key, kind, partition: "a" },
        { key: other, kind: "observation" },
        { key, kind, partition: "a", before: ids[2] },
        { key, kind: "observation" },
        { key, kind, partition: "b" },
        { key: other, kind },
        { key, kind },
        { key, kind, before: ids[0] },
      ]);
      expect(found.map((record) => record?.id ?? null)).toEqual([
        ids[2],
        seen,
        ids[0],
        null,
        ids[1],
        ids[3],
        ids[2],
        null,
      ]);
      expect(found[0]?.event).toMatchObject({ asset: key, partition: "a" });
      expect(await storage.assets.newest([])).toEqual([]);
    });

    test("a materialization that says what its data version is made of gets one when it is stored", async () => {
      const run = async (...events: ReturnType<typeof materialization>[]) => {
        const { runId } = await startedRun(storage);
        await storage.events.append(workerBatch(runId, events));
      };
      const by = (codeVersion: string) =>
        materialization(key, {
          codeVersion,
          versionInputs: [
            { asset: ["never"], partitions: null },
            { asset: ["days"], partitions: ["1", "2"] },
          ],
        });
      const version = async () => (await state())?.lastMaterialization?.event;
      await run(by("1"));
      const first = await version();
      expect(first?.dataVersion).toMatch(/^[0-9a-f]{64}$/);
      expect(first).not.toHaveProperty("versionInputs");
      await run(by("1"));
      expect((await version())?.dataVersion).toBe(first?.dataVersion);
      await run(by("2"));
      expect((await version())?.dataVersion).not.toBe(first?.dataVersion);
      // Also what the same batch made before.
      await run(materialization(["days"], { partition: "2", dataVersion: "x" }), by("1"));
      const next = (await version())?.dataVersion;
      expect(next).not.toBe(first?.dataVersion);
      await run(materialization(["days"], { partition: "3", dataVersion: "y" }), by("1"));
      expect((await version())?.dataVersion).toBe(next);
    });

    test("an asset that nobody has seen has no state, history, partitions or checks", async () => {
      expect(await storage.assets.states()).toEqual([]);
      expect(await storage.assets.states([key])).toEqual([]);
      expect(await storage.assets.states([])).toEqual([]);
      expect(await storage.assets.history(key, { limit: 10 })).toEqual([]);
      expect(await partitions()).toEqual({});
      expect(await storage.assets.checks()).toEqual([]);
    });

    test("a planned asset is in progress until it is made, and its newest events are its state", async () => {
      const { runId } = await startedRun(storage);
      await storage.events.append(workerBatch(runId, [planEvent([key, ["b"]])]));
      expect(await state()).toEqual({
        key,
        lastMaterialization: null,
        lastObservation: null,
        lastRunId: runId,
        inProgressRunIds: [runId],
        lastRunFailed: false,
      });
      const made = materialization(key, { metadata: { rows: { type: "int", value: 3 } }, dataVersion: "v1" });
      await storage.events.append(workerBatch(runId, [made, observation(key)], 2));
      expect(await state()).toMatchObject({
        lastMaterialization: { runId, event: made },
        lastObservation: { runId, event: observation(key) },
        inProgressRunIds: [],
      });
      expect((await state(["b"]))?.inProgressRunIds).toEqual([runId]);
      expect((await storage.assets.states()).map(({ key: path }) => path)).toEqual([["b"], key]);
    });

    test.each(["RUN_SUCCESS", "RUN_FAILURE", "RUN_CANCELED"] as const)(
      "after %s nothing of the run is in progress, and only a failure is one",
      async (end) => {
        const { runId } = await startedRun(storage);
        await storage.events.append(
          workerBatch(runId, [planEvent([key, ["b"]]), materialization(["b"]), ended(end)]),
        );
        expect(await state()).toMatchObject({
          inProgressRunIds: [],
          lastRunFailed: end === "RUN_FAILURE",
          lastRunId: runId,
        });
        expect(await state(["b"])).toMatchObject({ inProgressRunIds: [], lastRunFailed: false });
      },
    );

    test("a newer run or a materialization clears a failure", async () => {
      const first = await startedRun(storage);
      await storage.events.append(workerBatch(first.runId, [planEvent([key]), ended("RUN_FAILURE")]));
      const second = await startedRun(storage);
      await storage.events.append(workerBatch(second.runId, [planEvent([key])]));
      expect(await state()).toMatchObject({ lastRunFailed: false, lastRunId: second.runId });
      await storage.events.append(workerBatch(second.runId, [ended("RUN_FAILURE")], 2));
      expect((await state())?.lastRunFailed).toBe(true);
      await storage.assets.reportExternal(materialization(key));
      expect((await state())?.lastRunFailed).toBe(false);
    });

    test("history is newest first, by kind, by partition and behind a cursor", async () => {
      const { runId } = await startedRun(storage);
      const events = ["p1", "p2", "p1", "p3"].map((partition) => materialization(key, { partition }));
      await storage.events.append(
        workerBatch(runId, [...events, observation(key), materialization(["other"])]),
      );
      const all = await storage.assets.history(key, { limit: 10 });
      expect(all.map(({ event }) => event)).toEqual([observation(key), ...events.toReversed()]);
      expect(
        (await storage.assets.history(key, { limit: 10, kind: "observation" })).map(({ id }) => id),
      ).toEqual([present(all[0]).id]);
      expect(await storage.assets.history(key, { limit: 2, before: present(all[1]).id })).toEqual(
        all.slice(2, 4),
      );
      const parts = async (page: { partition?: string; partitions?: string[] }) =>
        (await storage.assets.history(key, { limit: 10, ...page })).map(({ event }) => event.partition);
      expect(await parts({ partition: "p1" })).toEqual(["p1", "p1"]);
      expect(await parts({ partitions: ["p2", "p3"] })).toEqual(["p3", "p2"]);
    });

    test("partitions are in progress, made, failed, or again what they were", async () => {
      const first = await startedRun(storage);
      await storage.events.append(workerBatch(first.runId, [planEvent([key], "p1")]));
      expect(await partitions()).toEqual({ p1: "IN_PROGRESS" });
      await storage.events.append(
        workerBatch(first.runId, [materialization(key, { partition: "p1" }), ended("RUN_SUCCESS")], 2),
      );
      expect(await partitions()).toEqual({ p1: "MATERIALIZED" });
      const second = await startedRun(storage);
      const planned = ["p1", "p2", "p3"].map((partition) =>
        exampleEvent("ASSET_MATERIALIZATION_PLANNED", { asset: key, partition }),
      );
      await storage.events.append(workerBatch(second.runId, planned));
      await storage.events.append(workerBatch(second.runId, [materialization(key, { partition: "p2" })], 4));
      expect(await partitions()).toEqual({ p1: "IN_PROGRESS", p2: "MATERIALIZED", p3: "IN_PROGRESS" });
      await storage.runs.cancel(second.runId, { force: true });
      expect(await partitions()).toEqual({ p1: "MATERIALIZED", p2: "MATERIALIZED" });
      const third = await startedRun(storage);
      await storage.events.append(workerBatch(third.runId, [planEvent([key], "p1"), ended("RUN_FAILURE")]));
      expect(await partitions()).toEqual({ p1: "FAILED", p2: "MATERIALIZED" });
    });

    test("a partition that another run is still at stays in progress when one run ends", async () => {
      const [a, b] = [await startedRun(storage), await startedRun(storage)];
      for (const { runId } of [a, b])
        await storage.events.append(workerBatch(runId, [planEvent([key], "p1")]));
      await storage.events.append(workerBatch(b.runId, [ended("RUN_CANCELED")], 2));
      expect(await partitions()).toEqual({ p1: "IN_PROGRESS" });
      expect((await state())?.inProgressRunIds).toEqual([a.runId]);
      await storage.events.append(workerBatch(a.runId, [ended("RUN_FAILURE")], 2));
      expect(await partitions()).toEqual({ p1: "FAILED" });
    });

    test("what a worker made stays made when the next attempt plans again and fails", async () => {
      const { runId } = await startedRun(storage);
      await storage.events.append(
        workerBatch(runId, [planEvent([key], "p1"), materialization(key, { partition: "p1" })]),
      );
      await storage.events.append(workerBatch(runId, [planEvent([key], "p1"), ended("RUN_FAILURE")], 1, 2));
      expect(await partitions()).toEqual({ p1: "MATERIALIZED" });
      expect(await state()).toMatchObject({ lastRunFailed: false, inProgressRunIds: [] });
    });

    test("a check is planned by a run, evaluated or not, of the asset and of each partition", async () => {
      const plan = (partition?: string) => ({
        ...planEvent([], partition),
        checks: [{ asset: key, name: "rows" }],
      });
      const states = async () =>
        (await storage.assets.checkStates([key, ["b"]])).map(({ evaluation, planned, ...rest }) => ({
          ...rest,
          passed: evaluation?.passed,
          by: evaluation?.runId,
          planned: planned?.runId,
          status: planned?.status,
        }));
      expect(await states()).toEqual([]);
      const first = await startedRun(storage);
      await storage.events.append(workerBatch(first.runId, [plan()]));
      const of = { asset: key, check: "rows", partition: "", materialization: null };
      const planned = { planned: first.runId, status: "STARTED" };
      expect(await states()).toEqual([{ ...of, ...planned, passed: undefined, by: undefined }]);
      const done = [check(key, "rows", false), materialization(key), ended("RUN_SUCCESS")];
      await storage.events.append(workerBatch(first.runId, done, 1, 2));
      const [made] = await storage.assets.history(key, { limit: 1 });
      const after = { ...of, materialization: { id: made?.id, runId: first.runId }, planned: first.runId };
      expect(await states()).toEqual([{ ...after, status: "SUCCESS", passed: false, by: first.runId }]);
      const second = await startedRun(storage);
      const failed = [plan("p1"), ended("RUN_FAILURE")];
      await storage.events.append(workerBatch(second.runId, failed));
      expect((await states())[1]).toMatchObject({
        partition: "p1",
        planned: second.runId,
        status: "FAILURE",
      });
      await storage.assets.reportExternal(check(key, "rows", true));
      expect((await states())[0]).toMatchObject({ passed: true, by: null, planned: first.runId });
      await storage.runs.delete(first.runId);
      expect((await states())[0]).toMatchObject({ planned: first.runId, status: null });
      await storage.assets.wipe(key, ["p1"]);
      expect(await states()).toHaveLength(1);
      await storage.assets.wipe(key);
      expect(await states()).toEqual([]);
    });

    test("checks have a newest evaluation each and a history", async () => {
      const { runId } = await startedRun(storage);
      const events = [
        check(key, "rows", false),
        check(key, "rows", true),
        check(key, "fresh", false, "p1"),
        check(["b"], "rows", true),
      ];
      await storage.events.append(workerBatch(runId, events));
      expect((await storage.assets.checks([key])).map(({ event }) => event)).toEqual([events[2], events[1]]);
      expect(await storage.assets.checks()).toHaveLength(3);
      const history = await storage.assets.checkHistory(key, "rows", { limit: 10 });
      expect(history.map(({ event, runId: by }) => [event.passed, by])).toEqual([
        [true, runId],
        [false, runId],
      ]);
      expect(
        await storage.assets.checkHistory(key, "rows", { limit: 10, before: present(history[0]).id }),
      ).toEqual([history[1]]);
    });

    test("reports from outside any run become history and state", async () => {
      const id = await storage.assets.reportExternal(materialization(key, { partition: "p1" }));
      const later = await storage.assets.reportExternal(observation(key));
      const checked = await storage.assets.reportExternal(check(key, "rows", true));
      expect([id, later, checked]).toEqual([id, later, checked].toSorted((a, b) => a - b));
      expect(await state()).toMatchObject({
        lastMaterialization: { id, runId: null },
        lastObservation: { id: later },
      });
      expect(await partitions()).toEqual({ p1: "MATERIALIZED" });
      expect(await storage.assets.checks([key])).toMatchObject([{ id: checked, runId: null }]);
    });

    test("wiping some partitions leaves the others; wiping the asset leaves nothing", async () => {
      for (const partition of ["p1", "p2"]) {
        await storage.assets.reportExternal(materialization(key, { partition }));
        await storage.assets.reportExternal(check(key, "rows", partition === "p1", partition));
      }
      await storage.assets.wipe(key, ["p2"]);
      expect(await partitions()).toEqual({ p1: "MATERIALIZED" });
      expect((await state())?.lastMaterialization?.event.partition).toBe("p1");
      expect((await storage.assets.checks([key])).map(({ event }) => event.passed)).toEqual([true]);
      await storage.assets.wipe(key);
      expect(await storage.assets.states()).toEqual([]);
      expect(await storage.assets.history(key, { limit: 10 })).toEqual([]);
      expect(await storage.assets.checks()).toEqual([]);
      expect(await partitions()).toEqual({});
    });

    test("dynamic partitions keep the order in which they were added", async () => {
      expect(await storage.assets.addDynamicPartitions("customers", ["b", "a"])).toEqual(["b", "a"]);
      expect(await storage.assets.addDynamicPartitions("customers", ["a", "c"])).toEqual(["c"]);
      await storage.assets.addDynamicPartitions("others", ["x"]);
      expect(await storage.assets.dynamicPartitions("customers")).toEqual(["b", "a", "c"]);
      expect(await storage.assets.deleteDynamicPartitions("customers", ["b", "never"])).toEqual(["b"]);
      expect(await storage.assets.dynamicPartitions("customers")).toEqual(["a", "c"]);
      expect(await storage.assets.dynamicPartitions("unknown")).toEqual([]);
    });

    test("runs of the same assets in opposite order fold side by side", async () => {
      const other = await subject.another();
      const keys = Array.from({ length: 20 }, (_, n) => ["k", `${n}`]);
      const runs = await Promise.all([startedRun(storage), startedRun(storage), startedRun(storage)]);
      await Promise.all(
        runs.map(({ runId }, n) => {
          const order = n % 2 ? keys.toReversed() : keys;
          const events = [
            planEvent(order),
            ...order.map((asset) => materialization(asset)),
            ended("RUN_SUCCESS"),
          ];
          return (n % 2 ? other : storage).events.append(workerBatch(runId, events));
        }),
      );
      const states = await storage.assets.states();
      expect(states).toHaveLength(20);
      for (const { key: asset, lastMaterialization, inProgressRunIds } of states) {
        const [newest] = await storage.assets.history(asset, { limit: 1 });
        expect(lastMaterialization).toEqual(newest);
        expect(inProgressRunIds).toEqual([]);
      }
    });
  });
}
