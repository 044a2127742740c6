import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Storage } from "../ports/storage.ts";
import type { StorageSubject } from "./storage-subject.ts";

/** What all Heartbeats do. */
export function heartbeatsContract(subject: StorageSubject): void {
  describe("Heartbeats", () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await subject.fresh();
    });

    test("the newest of each loop of each process is kept, and told to other processes", async () => {
      const other = await subject.another();
      const error = { name: "Error", message: "no luck" };
      await storage.heartbeats.beat("a", [{ type: "SENSOR", error }], 1000);
      await storage.heartbeats.beat("b", [{ type: "SENSOR", error: null }], 1500);
      await storage.heartbeats.beat(
        "a",
        [
          { type: "SCHEDULER", error: null },
          { type: "SENSOR", error: null },
        ],
        2000,
      );
      await storage.heartbeats.beat("b", [{ type: "SENSOR", error }], 1600);
      await storage.heartbeats.beat("nobody", [], 1600);
      expect(await other.heartbeats.list()).toEqual([
        { type: "SCHEDULER", owner: "a", at: 2000, error: null },
        { type: "SENSOR", owner: "a", at: 2000, error: null },
        { type: "SENSOR", owner: "b", at: 1600, error },
      ]);
    });

    test("one that has been silent for an hour is forgotten at the next beat of another", async () => {
      await storage.heartbeats.beat("gone", [{ type: "SENSOR", error: null }], 1000);
      await storage.heartbeats.beat("a", [{ type: "SENSOR", error: null }], 3_601_001);
      expect((await storage.heartbeats.list()).map(({ owner }) => owner)).toEqual(["a"]);
    });
  });
}
