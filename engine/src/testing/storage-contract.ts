import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Channel, Storage } from "../ports/storage.ts";
import { assetStorageContract } from "./asset-storage-contract.ts";
import { automationStorageContract } from "./automation-storage-contract.ts";
import { backfillStorageContract, exampleBackfill } from "./backfill-storage-contract.ts";
import { computeRequestsContract } from "./compute-contract.ts";
import { eventLogContract } from "./event-log-contract.ts";
import { heartbeatsContract } from "./heartbeats-contract.ts";
import { exampleLocation, locationStorageContract } from "./location-storage-contract.ts";
import { eventually } from "./manual-clock.ts";
import { noticesContract } from "./notices-contract.ts";
import { poolStorageContract } from "./pool-storage-contract.ts";
import { retentionContract } from "./retention-contract.ts";
import { runStorageContract } from "./run-storage-contract.ts";
import { stepLaunchesContract } from "./step-launches-contract.ts";
import {
  exampleEvent,
  exampleRun,
  materialization,
  type StorageSubject,
  startedRun,
  workerBatch,
} from "./storage-subject.ts";
import { tickStorageContract } from "./tick-storage-contract.ts";

/** What every Storage does: all its parts, settings and wake-ups. */
export function storageContract(subject: StorageSubject): void {
  runStorageContract(subject);
  eventLogContract(subject);
  assetStorageContract(subject);
  tickStorageContract(subject);
  computeRequestsContract(subject);
  locationStorageContract(subject);
  stepLaunchesContract(subject);
  heartbeatsContract(subject);
  backfillStorageContract(subject);
  poolStorageContract(subject);
  automationStorageContract(subject);
  noticesContract(subject);
  retentionContract(subject);

  describe("Storage", () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await subject.fresh();
    });

    test("a setting is what was stored first, for every process", async () => {
      const other = await subject.another();
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          (n % 2 ? other : storage).setting("token_secret", () => `secret ${n}`),
        ),
      );
      expect(new Set(answers).size).toBe(1);
      expect(await storage.setting("token_secret", () => "another")).toBe(answers[0]);
      expect(await storage.setting("instance_id", () => "i")).toBe("i");
    });

    test("it answers a ping", async () => {
      await expect(storage.ping()).resolves.toBeUndefined();
    });

    test("changes wake the subscribers of their channel, also of another process, until they leave", async () => {
      const other = await subject.another();
      const woken: Record<Channel, Set<string>> = {
        queue: new Set(),
        compute: new Set(),
        run: new Set(),
        asset: new Set(),
        tick: new Set(),
        location: new Set(),
        backfill: new Set(),
        pool: new Set(),
      };
      const leave = (Object.keys(woken) as Channel[]).map((channel) =>
        other.subscribe(channel, (id) => woken[channel].add(id)),
      );
      const run = exampleRun();
      // Listening begins behind the subscription: until it does, a wake-up may be missed.
      await eventually("the subscriber is woken", async () => {
        await storage.runs.submit([run]);
        await storage.events.report(run.runId, [exampleEvent("LOG_MESSAGE", {})]);
        return woken.run.has(run.runId);
      });
      for (const ids of Object.values(woken)) ids.clear();
      const started = await startedRun(storage);
      await storage.events.append(workerBatch(started.runId, [materialization(["a"])]));
      await storage.ticks.setStatus({ kind: "SENSOR", location: "l", name: "n" }, "RUNNING", 1);
      await storage.locations.put(exampleLocation(), 1);
      await storage.backfills.submit(exampleBackfill());
      await storage.pools.setLimit("db", 1);
      await eventually(
        "every channel wakes",
        () => woken.run.has(started.runId) && Object.values(woken).every((ids) => ids.size > 0),
      );
      for (const each of leave) each();
      for (const ids of Object.values(woken)) ids.clear();
      const last = new Set<string>();
      const stop = other.subscribe("run", (id) => last.add(id));
      await storage.events.report(started.runId, [exampleEvent("LOG_MESSAGE", {})]);
      await eventually("the new subscriber is woken", () => last.has(started.runId));
      expect(woken.run.size).toBe(0);
      stop();
    });
  });
}
