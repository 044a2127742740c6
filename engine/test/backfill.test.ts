import { randomUUID } from "node:crypto";
import { asset, Definitions, externalAsset } from "@dagster-operator/sdk";
import { describe, expect, test } from "@jest/globals";
import { advanceBackfill, InvalidInput, NotFound, reexecuteBackfill } from "../src/index.ts";
import { present } from "../src/testing/index.ts";
import {
  calendar,
  claimed,
  days,
  definitions,
  deps,
  end,
  endAll,
  get,
  keys,
  look,
  NOW,
  of,
  open,
  openRuns,
  orders,
  runsOf,
  said,
  storage,
  submit,
  workspace,
} from "./backfill-shop.ts";
import { refusal } from "./refusal.ts";

describe("a backfill of assets", () => {
  test("goes from upstream to downstream, over mappings, and ends when all is made", async () => {
    const id = await submit({
      assets: of("report", "weekly", "cleaned", "orders"),
      partitions: { keys: keys(1, 8) },
      tags: { team: "red" },
    });
    expect((await get(id)).targets.map(({ asset, partitions }) => [asset?.[0], partitions])).toEqual([
      ["orders", keys(1, 8)],
      ["cleaned", keys(1, 8)],
      // The week from the 8th has not ended.
      ["weekly", ["2026-03-01"]],
      ["report", null],
    ]);
    expect((await look(id)).states).toEqual(["RRRRRRRR", "RRRRRRRR", "W", "W"]);
    expect(await open(id)).toEqual(keys(1, 8).map((key) => `orders+cleaned ${key.slice(5)}`));
    const [first, ...others] = await openRuns(id);
    expect(present(first).tags).toMatchObject({
      team: "red",
      "dagster/backfill": id,
      "dagster/partition": "2026-03-01",
    });
    for (const run of others) await end(run, "RUN_SUCCESS");
    expect((await look(id)).counts).toMatchObject({ done: 14, requested: 2, waiting: 2 });
    await end(present(first), "RUN_SUCCESS");
    expect((await look(id)).states).toEqual(["DDDDDDDD", "DDDDDDDD", "R", "W"]);
    expect(await open(id)).toEqual(["weekly 03-01"]);
    await endAll(id);
    await look(id);
    expect(await open(id)).toEqual(["report -"]);
    await endAll(id);
    const ended = await look(id);
    expect(ended).toMatchObject({ status: "COMPLETED_SUCCESS", counts: { done: 18 } });
    expect(ended.endedAt).toBe(NOW);
  });

  test("what a failed partition leads to is not requested, and the rest is", async () => {
    const id = await submit({ assets: of("orders", "cleaned", "weekly"), partitions: { keys: keys(1, 3) } });
    await look(id);
    const [first, second, third] = await openRuns(id);
    await end(present(first), "RUN_FAILURE", ["orders"]);
    await end(present(second), "RUN_SUCCESS");
    await end(present(third), "RUN_FAILURE");
    const ended = await look(id);
    expect(ended.states).toEqual(["DDF", "FDF", "S"]);
    expect(ended.status).toBe("COMPLETED_FAILED");

    const again = (await reexecuteBackfill(deps, id, { strategy: "FROM_FAILURE" })).backfillId;
    expect(await get(again)).toMatchObject({ parentId: id, states: ["W", "WW", "W"] });
    await look(again);
    expect(await open(again)).toEqual(["cleaned 03-01", "orders+cleaned 03-03"]);
    await endAll(again);
    await look(again);
    await endAll(again);
    expect(await look(again)).toMatchObject({ status: "COMPLETED_SUCCESS" });
    expect((await refusal(reexecuteBackfill(deps, again, { strategy: "FROM_FAILURE" }))).message).toBe(
      `backfill ${again} made all of its partitions: re-execute all of them`,
    );
    const whole = (await reexecuteBackfill(deps, again, { strategy: "ALL_STEPS" })).backfillId;
    expect((await get(whole)).states).toEqual(["W", "WW", "W"]);
    expect((await refusal(reexecuteBackfill(deps, whole, { strategy: "ALL_STEPS" }))).message).toBe(
      `backfill ${whole} is REQUESTED: wait for its end or cancel it, then re-execute it`,
    );
    expect(await refusal(reexecuteBackfill(deps, "nobody", { strategy: "ALL_STEPS" }))).toBeInstanceOf(
      NotFound,
    );
  });

  test("an asset that a run did not yield is skipped, and what is downstream of it", async () => {
    const id = await submit({ assets: of("orders", "cleaned", "weekly"), partitions: { keys: keys(1, 1) } });
    await look(id);
    const [run] = await openRuns(id);
    await end(present(run), "RUN_SUCCESS", ["orders"]);
    expect(await look(id)).toMatchObject({ states: ["D", "S", "S"], status: "COMPLETED_SUCCESS" });
  });

  test("a run that is executed again takes its partition along while the backfill is open", async () => {
    const id = await submit({ assets: of("orders", "cleaned"), partitions: { keys: keys(1, 2) } });
    await look(id);
    const [first, second] = await openRuns(id);
    await end(present(first), "RUN_FAILURE");
    expect((await look(id)).states).toEqual(["FR", "FR"]);
    const { tags, assets, partition, location } = present(first);
    await storage.runs.submit([
      { ...present(first), runId: randomUUID(), idempotencyKey: null, tags, assets, partition, location },
    ]);
    expect((await look(id)).states).toEqual(["RR", "RR"]);
    await endAll(id);
    expect(present(second).runId).not.toBe(present(first).runId);
    expect(await look(id)).toMatchObject({ states: ["DD", "DD"], status: "COMPLETED_SUCCESS" });
  });

  test("a mapping with an offset waits for the day before, and reaches no further than the upstream asset", async () => {
    const id = await submit({ assets: of("orders", "change"), partitions: { keys: keys(1, 2) } });
    // As in Dagster: downstream of the 1st is the 2nd.
    expect((await get(id)).targets.map(({ partitions }) => partitions)).toEqual([keys(1, 2), keys(2, 3)]);
    await look(id);
    expect(await open(id)).toEqual(["orders 03-01", "orders 03-02"]);
    const [first] = await openRuns(id);
    await end(present(first), "RUN_SUCCESS");
    await look(id);
    expect(await open(id)).toEqual(["orders 03-02", "change 03-02"]);
  });

  test("a mapping of the code's own is asked of the code, and one that fails is shown until it is mended", async () => {
    const assets = of("orders", "fiscal");
    calendar.broken = true;
    const refused = await refusal(submit({ assets, partitions: { keys: keys(4, 5) } }));
    expect(refused).toBeInstanceOf(InvalidInput);
    expect(refused.message).toContain("fiscal depends on orders: its custom partition mapping failed for");
    calendar.broken = false;
    const id = await submit({ assets, partitions: { keys: keys(4, 5) } });
    expect((await get(id)).targets.map(({ partitions }) => partitions)).toEqual([
      keys(4, 5),
      ["half-early", "half-late"],
    ]);
    await look(id);
    const [fourth] = await openRuns(id);
    await end(present(fourth), "RUN_SUCCESS");

    // The code is deployed anew: what it said before counts no more.
    calendar.broken = true;
    workspace.set("shop", definitions);
    workspace.change("shop", { codeVersion: "image:2" });
    const held = await look(id);
    expect([held.status, held.error?.message]).toEqual(["REQUESTED", expect.stringContaining("no calendar")]);
    calendar.broken = false;
    const after = await look(id);
    expect([after.error, await open(id)]).toEqual([null, ["orders 03-05", "fiscal early"]]);
    await endAll(id);
    await look(id);
    await endAll(id);
    expect(await look(id)).toMatchObject({ states: ["DD", "DD"], status: "COMPLETED_SUCCESS" });
  });

  test("a policy of one run waits until all is there, one of three makes runs of three", async () => {
    const single = await submit({
      assets: of("orders", "whole"),
      partitions: { range: { start: "2026-03-01", end: "2026-03-04" } },
    });
    await look(single);
    const [first, ...others] = await openRuns(single);
    for (const run of others) await end(run, "RUN_SUCCESS");
    expect((await look(single)).states).toEqual(["RDDD", "WWWW"]);
    await end(present(first), "RUN_SUCCESS");
    await look(single);
    expect(await open(single)).toEqual(["whole 03-01…03-04"]);
    const [run] = await openRuns(single);
    expect(present(run).tags).toMatchObject({
      "dagster/asset_partition_range_start": "2026-03-01",
      "dagster/asset_partition_range_end": "2026-03-04",
    });
    await end(present(run), "RUN_SUCCESS");
    expect(await look(single)).toMatchObject({ states: ["DDDD", "DDDD"], status: "COMPLETED_SUCCESS" });

    const three = await submit({
      assets: of("threes"),
      partitions: { keys: [...keys(1, 4), ...keys(6, 7)] },
    });
    await look(three);
    // The 5th is not asked for, so it is in no range.
    expect(await open(three)).toEqual(["threes 03-01…03-03", "threes 03-04", "threes 03-06…03-07"]);
  });

  test("of a range that failed in the middle, what was made is kept", async () => {
    const id = await submit({ assets: of("threes"), partitions: { keys: keys(1, 3) } });
    await look(id);
    const [run] = await openRuns(id);
    await end(present(run), "RUN_FAILURE", ["threes"], "2026-03-02");
    expect(await look(id)).toMatchObject({ states: ["FDF"], status: "COMPLETED_FAILED" });
  });

  test("several dimensions in one run are a rectangle", async () => {
    const id = await submit({ assets: of("grid"), partitions: { keys: ["x|1", "x|2", "y|2"] } });
    await look(id);
    expect((await openRuns(id)).map(({ partition }) => partition)).toEqual([
      { start: "x|1", end: "x|2" },
      { key: "y|2" },
    ]);
  });

  test("assets of one op that cannot be subset share their runs", async () => {
    const id = await submit({ assets: of("left", "right"), partitions: { keys: keys(1, 2) } });
    await look(id);
    expect(await open(id)).toEqual(["left+right 03-01", "left+right 03-02"]);
    expect(
      (await refusal(submit({ assets: of("left"), partitions: { keys: keys(1, 1) } }))).message,
    ).toContain("right");
  });

  test("partitions by asset are taken as they are", async () => {
    const id = await submit({
      assets: of("orders", "regions"),
      partitions: {
        byAsset: [
          {
            asset: ["orders"],
            ranges: [
              { start: "2026-03-05", end: "2026-03-06" },
              { start: "2026-03-01", end: "2026-03-01" },
            ],
          },
          { asset: ["regions"], ranges: null },
        ],
      },
    });
    await look(id);
    expect(await open(id)).toEqual(["orders 03-01", "orders 03-05", "orders 03-06", "regions ", "regions "]);
  });

  test("only what is missing or failed", async () => {
    const name = "customers";
    await storage.assets.addDynamicPartitions(name, ["ada", "ben", "eva"]);
    const all = await submit({ assets: of("customers"), partitions: { all: true } });
    await look(all);
    const [ada, ben] = await openRuns(all);
    await end(present(ada), "RUN_SUCCESS");
    await end(present(ben), "RUN_FAILURE");
    await storage.backfills.cancel(all);
    await look(all);
    const open = await submit({
      assets: of("customers"),
      partitions: { all: true },
      onlyMissingAndFailed: true,
    });
    expect((await get(open)).targets).toEqual([
      { location: "shop", asset: ["customers"], partitions: ["ben", "eva"] },
    ]);
    const none = submit({
      assets: of("customers"),
      partitions: { keys: ["ada"] },
      onlyMissingAndFailed: true,
    });
    expect((await refusal(none)).message).toBe(
      "there is nothing to backfill: none of these partitions is missing or failed",
    );
  });

  test("assets of two code locations", async () => {
    workspace.set("shop", new Definitions({ assets: [orders] }));
    const elsewhere = externalAsset<number>("orders", { partitions: days });
    const local = asset("cleaned", { partitions: days, inputs: { orders: elsewhere } }, () => 2);
    workspace.set("office", new Definitions({ assets: [elsewhere, local] }));
    const id = await submit({ assets: of("orders", "cleaned"), partitions: { keys: keys(1, 1) } });
    await look(id);
    expect((await openRuns(id)).map((run) => [run.location, said(run)])).toEqual([["shop", "orders 03-01"]]);
    await endAll(id);
    await look(id);
    expect((await openRuns(id)).map((run) => [run.location, said(run)])).toEqual([
      ["office", "cleaned 03-01"],
    ]);
  });
});

describe("a backfill of a job", () => {
  test("has a run for each partition, once, also when a daemon dies between requesting and recording", async () => {
    const id = await submit({
      location: "shop",
      job: "nightly",
      partitions: { keys: keys(1, 3) },
      steps: ["load"],
    });
    const lost = { ...storage.backfills, save: async () => Promise.reject(new Error("kill -9")) };
    const dying = { ...deps, storage: { ...storage, backfills: lost } };
    await expect(advanceBackfill(dying, await claimed(id))).rejects.toThrow("kill -9");
    expect((await get(id)).states).toEqual(["WWW"]);
    const second = { ...deps, owner: "daemon:2" };
    // What the second one decides before it knows of the runs of the first makes no second run either.
    const stale = { ...storage.backfills, runs: async () => [], renew: async () => true };
    await advanceBackfill({ ...second, storage: { ...storage, backfills: stale } }, await get(id));
    const runs = await runsOf(id);
    expect(runs.map(({ job, steps, tags }) => [job, steps, tags["dagster/partition"], tags.team])).toEqual(
      keys(1, 3).map((key) => ["nightly", ["load"], key, "red"]),
    );
  });

  test("from failure continues the newest runs that failed and leaves out the others", async () => {
    const first = await submit({ location: "shop", job: "nightly", partitions: { keys: keys(5, 6) } });
    await look(first);
    const [bad, good] = await openRuns(first);
    await end(present(bad), "RUN_FAILURE");
    await end(present(good), "RUN_SUCCESS");
    expect(await look(first)).toMatchObject({ states: ["FD"], status: "COMPLETED_FAILED" });
    const again = await submit({
      location: "shop",
      job: "nightly",
      partitions: { keys: keys(5, 7) },
      fromFailure: true,
    });
    expect(await look(again)).toMatchObject({ states: ["RSS"] });
    const [run] = await runsOf(again);
    expect(run).toMatchObject({ parentRunId: present(bad).runId, partition: { key: "2026-03-05" } });
    const open = await submit({
      location: "shop",
      job: "nightly",
      partitions: { keys: keys(6, 7) },
      onlyMissingAndFailed: true,
    });
    expect((await get(open)).targets[0]?.partitions).toEqual(keys(7, 7));
  });

  test("of assets takes the partitions that they share", async () => {
    const id = await submit({ location: "shop", job: "daily", partitions: { keys: keys(1, 1) } });
    await look(id);
    const [run] = await openRuns(id);
    expect(run).toMatchObject({ job: "daily", partition: { key: "2026-03-01" } });
    await endAll(id);
    expect((await look(id)).status).toBe("COMPLETED_SUCCESS");
  });
});
