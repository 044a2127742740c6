import { beforeEach, describe, expect, test } from "@jest/globals";
import { Conflict } from "../errors.ts";
import type { CodeLocationRow } from "../ports/location-storage.ts";
import type { Storage } from "../ports/storage.ts";
import { eventually } from "./manual-clock.ts";
import type { StorageSubject } from "./storage-subject.ts";

export function exampleLocation(
  over: Partial<Omit<CodeLocationRow, "updatedAt">> = {},
): Omit<CodeLocationRow, "updatedAt"> {
  return {
    name: "orders",
    namespace: "dagster",
    object: "orders",
    uid: "uid-1",
    generation: 1,
    state: "SERVING",
    error: null,
    endpoint: { host: "dagster-code-orders.dagster.svc", port: 3030 },
    image: "registry/orders:1",
    definitionsHash: "h1",
    template: {
      code: { language: "typescript", file: "definitions.ts" },
      pod: { env: [{ name: "A", value: "1" }] },
    },
    objects: null,
    ...over,
  };
}

/** What every LocationStorage does. */
export function locationStorageContract(subject: StorageSubject): void {
  describe("LocationStorage", () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await subject.fresh();
    });

    test("a row is what was put, in every field, and the list is by name", async () => {
      const full = exampleLocation({
        error: { name: "LoadError", message: "no such module" },
        template: { ...exampleLocation().template, ttlAfterSuccess: 60, ttlAfterFailure: 600 },
        objects: {
          extra: {
            jobs: [{ name: "j", target: { job: "k" }, tags: {}, source: "Job dagster/j" }],
            schedules: [],
          },
          pods: { j: { nodeSelector: { disk: "fast" } } },
          held: { "SENSOR:s": "Sensor dagster/s" },
        },
      });
      const bare = exampleLocation({
        name: "a.team",
        uid: "uid-2",
        state: "STARTING",
        endpoint: null,
        image: null,
        definitionsHash: null,
      });
      expect(await storage.locations.put(full, 1000)).toBe(true);
      expect(await storage.locations.put(bare, 2000)).toBe(true);
      expect(await storage.locations.list()).toEqual([
        { ...bare, updatedAt: 2000 },
        { ...full, updatedAt: 1000 },
      ]);
      expect(await storage.locations.get("orders")).toEqual({ ...full, updatedAt: 1000 });
      expect(await storage.locations.get("nobody")).toBeNull();
    });

    test("putting what is there changes nothing, not even its time", async () => {
      await storage.locations.put(exampleLocation(), 1000);
      expect(await storage.locations.put(exampleLocation(), 2000)).toBe(false);
      expect((await storage.locations.get("orders"))?.updatedAt).toBe(1000);
      expect(await storage.locations.put(exampleLocation({ image: null }), 3000)).toBe(true);
      expect(await storage.locations.get("orders")).toMatchObject({ image: null, updatedAt: 3000 });
      const objects = { extra: { jobs: [], schedules: [] }, pods: {}, held: {} };
      expect(await storage.locations.put(exampleLocation({ image: null, objects }), 4000)).toBe(true);
      expect(await storage.locations.put(exampleLocation({ image: null, objects }), 5000)).toBe(false);
    });

    test("a row belongs to its object: another of the same name neither takes nor removes it", async () => {
      await storage.locations.put(exampleLocation(), 1000);
      const other = exampleLocation({ uid: "uid-9", namespace: "elsewhere" });
      const refused = storage.locations.put(other, 2000);
      await expect(refused).rejects.toBeInstanceOf(Conflict);
      await expect(refused).rejects.toThrow("dagster/orders");
      expect(await storage.locations.remove("orders", "uid-9")).toBe(false);
      expect(await storage.locations.remove("orders", "uid-1")).toBe(true);
      expect(await storage.locations.remove("orders", "uid-1")).toBe(false);
      expect(await storage.locations.put(other, 3000)).toBe(true);
    });

    test("a change wakes `location` with the name, also in another process; no change does not", async () => {
      const other = await subject.another();
      const woken: string[] = [];
      const leave = other.subscribe("location", (id) => woken.push(id));
      let generation = 1;
      await eventually("the subscriber is woken", async () => {
        await storage.locations.put(exampleLocation({ generation: generation++ }), 1000);
        return woken.includes("orders");
      });
      await storage.locations.put(exampleLocation({ name: "fence", uid: "u2" }), 1000);
      await eventually("earlier wake-ups have come", () => woken.includes("fence"));
      woken.length = 0;
      await storage.locations.put(exampleLocation({ name: "fence", uid: "u2" }), 2000);
      await storage.locations.remove("orders", "uid-1");
      await eventually("the removal wakes", () => woken.includes("orders"));
      expect(woken).not.toContain("fence");
      leave();
    });
  });
}
