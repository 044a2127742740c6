import { beforeEach, describe, expect, test } from "@jest/globals";
import type { AutomationCursor, EvaluationNode } from "../automation/state.ts";
import { Conflict } from "../errors.ts";
import type { Storage } from "../ports/storage.ts";
import { present, type StorageSubject } from "./storage-subject.ts";

const SENSOR = "default_automation_condition_sensor";
const root: EvaluationNode = { name: "missing", kind: "identity", candidates: 1, true: 1, children: [] };
const cursor = (evaluationId: number): AutomationCursor => ({
  evaluationId,
  at: evaluationId * 1000,
  mark: 7,
  assets: { orders: { partitions: "null", nodes: { "missing newly": true } } },
});
const record = (evaluationId: number, asset: string[], requested = 0) => ({
  evaluationId,
  asset,
  at: evaluationId * 1000,
  requested,
  root,
});

/** What every AutomationStorage does. */
export function automationStorageContract(subject: StorageSubject): void {
  describe("AutomationStorage", () => {
    let storage: Storage;
    let by: { tickId: number; owner: string };
    beforeEach(async () => {
      storage = await subject.fresh();
      const id = { kind: "SENSOR", location: "examples", name: SENSOR } as const;
      by = { tickId: present(await storage.ticks.begin(id, 1000, "d1", 60_000, 1000)).id, owner: "d1" };
    });
    const save = (evaluationId: number, over: object = {}) =>
      storage.automation.save("examples", SENSOR, by, {
        cursor: cursor(evaluationId),
        requests: [],
        records: [],
        ...over,
      });

    test("an evaluation is pending from when it is saved until its requests are submitted", async () => {
      expect(await storage.automation.load("examples", SENSOR)).toBeNull();
      const requests = [{ assets: [["orders"]], tags: { a: "b" } }];
      await save(1, { requests, records: [record(1, ["orders"], 1), record(1, ["prices"])] });
      expect(await storage.automation.load("examples", SENSOR)).toEqual({
        cursor: cursor(1),
        pending: { evaluationId: 1, requests },
      });
      await storage.automation.submitted("examples", SENSOR, 1, ["r1"]);
      expect((await storage.automation.load("examples", SENSOR))?.pending).toBeNull();
      const [orders] = await storage.automation.records("examples", { asset: ["orders"] }, { limit: 9 });
      expect(orders).toEqual({ ...record(1, ["orders"], 1), runIds: ["r1"] });
      const [prices] = await storage.automation.records("examples", { asset: ["prices"] }, { limit: 9 });
      expect(prices?.runIds).toEqual([]);
      expect(await storage.automation.load("other", SENSOR)).toBeNull();
    });

    test("a check has a history of its own", async () => {
      const ofCheck = { ...record(1, ["orders"], 1), check: "rows" };
      await save(1, { records: [record(1, ["orders"]), ofCheck] });
      const of = { asset: ["orders"], check: "rows" };
      expect(await storage.automation.records("examples", of, { limit: 9 })).toEqual([
        { ...ofCheck, runIds: [] },
      ]);
      expect(await storage.automation.records("examples", { asset: ["orders"] }, { limit: 9 })).toHaveLength(
        1,
      );
      expect(await storage.automation.evaluation("examples", 1, of)).toHaveLength(1);
      expect(await storage.automation.evaluation("examples", 1)).toHaveLength(2);
    });

    test("only who holds the tick saves", async () => {
      await expect(
        storage.automation.save(
          "examples",
          SENSOR,
          { ...by, owner: "d2" },
          { cursor: cursor(1), requests: [], records: [] },
        ),
      ).rejects.toBeInstanceOf(Conflict);
      await storage.ticks.finish(by.tickId, "d1", { status: "SKIPPED", runIds: [], logs: [] }, 2000);
      await expect(save(1)).rejects.toBeInstanceOf(Conflict);
      expect(await storage.automation.load("examples", SENSOR)).toBeNull();
    });

    test("history is read newest first, page by page, and by evaluation", async () => {
      for (const id of [1, 2, 3])
        await save(id, { records: [record(id, ["raw", "orders"]), record(id, ["b"])] });
      const read = async (page: { limit: number; before?: number }) =>
        (await storage.automation.records("examples", { asset: ["raw", "orders"] }, page)).map(
          ({ evaluationId }) => evaluationId,
        );
      expect(await read({ limit: 2 })).toEqual([3, 2]);
      expect(await read({ limit: 2, before: 2000 })).toEqual([1]);
      expect((await storage.automation.evaluation("examples", 2)).map(({ asset }) => asset)).toEqual([
        ["b"],
        ["raw", "orders"],
      ]);
      expect(await storage.automation.evaluation("examples", 2, { asset: ["b"] })).toHaveLength(1);
      // The same evaluation again, after a failed commit that was none.
      await save(3, { records: [record(3, ["b"])] });
      expect(await storage.automation.evaluation("examples", 3, { asset: ["b"] })).toHaveLength(1);
    });

    test("partitions of several assets are read at once, with what was made of them last", async () => {
      const { partitionStates } = storage.assets;
      expect(await partitionStates([["orders"]])).toEqual([]);
      const event = {
        type: "ASSET_MATERIALIZATION",
        ts: 1,
        level: "INFO",
        message: "",
        metadata: {},
      } as const;
      const id = await storage.assets.reportExternal({ ...event, asset: ["orders"], partition: "a" });
      await storage.assets.reportExternal({ ...event, asset: ["orders"] });
      await storage.assets.reportExternal({ ...event, asset: ["other"], partition: "a" });
      expect(await partitionStates([["orders"], ["nobody"]])).toEqual([
        { key: ["orders"], partition: "a", status: "MATERIALIZED", lastMaterialization: id },
      ]);
    });
  });
}
