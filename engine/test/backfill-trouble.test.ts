import { Definitions } from "@dagster-operator/sdk";
import { describe, expect, test } from "@jest/globals";
import { type BackfillRequest, InvalidInput, submitBackfill } from "../src/index.ts";
import { MemoryWorkspace, present } from "../src/testing/index.ts";
import {
  calendar,
  definitions,
  deps,
  endAll,
  keys,
  look,
  of,
  openRuns,
  orders,
  runsOf,
  storage,
  submit,
  workspace,
} from "./backfill-shop.ts";
import { refusal } from "./refusal.ts";

describe("a backfill that cannot go on as it was asked for", () => {
  test("it goes on by itself when its code is back, and says what it waits for", async () => {
    const id = await submit({ assets: of("orders"), partitions: { keys: keys(1, 1) } });
    workspace.change("shop", { state: "LOADING", code: null });
    const waiting = await look(id);
    expect(waiting).toMatchObject({ status: "REQUESTED", states: ["W"] });
    expect(waiting.error?.message).toBe("code location shop is loading: try again when it has loaded");
    workspace.set("shop", definitions);
    expect(await look(id)).toMatchObject({ states: ["R"], error: null });
  });

  test("a canceled one ends, also when the custom mapping of its assets throws", async () => {
    const id = await submit({ assets: of("orders", "fiscal"), partitions: { keys: keys(4, 4) } });
    workspace.change("shop", { codeVersion: "other" });
    calendar.broken = true;
    const held = await look(id);
    expect([held.status, held.error?.message]).toEqual(["REQUESTED", expect.stringContaining("no calendar")]);
    await storage.backfills.cancel(id);
    const canceled = await look(id);
    calendar.broken = false;
    expect(canceled).toMatchObject({ status: "CANCELED", states: ["C", "C"] });
  });

  test("a daemon that has not seen its code location yet lets it wait: its assets are not gone", async () => {
    const id = await submit({ assets: of("orders", "cleaned"), partitions: { keys: keys(1, 1) } });
    const unseeing = new MemoryWorkspace();
    deps.workspace = unseeing;
    const unseen = await look(id);
    expect(unseen).toMatchObject({ status: "REQUESTED", states: ["W", "W"] });
    expect(unseen.error?.message).toContain("code location shop is not there");
    unseeing.set("shop", definitions);
    unseeing.change("shop", { state: "ERROR", snapshot: null, code: null });
    expect(await look(id)).toMatchObject({ status: "REQUESTED", states: ["W", "W"] });
    deps.workspace = workspace;
    expect(await look(id)).toMatchObject({ states: ["R", "R"], error: null });
  });

  test("a partition that is gone meanwhile fails alone, an asset that is gone as a whole", async () => {
    await storage.assets.addDynamicPartitions("customers", ["old", "new"]);
    const id = await submit({ assets: of("customers"), partitions: { keys: ["old", "new"] } });
    await storage.assets.deleteDynamicPartitions("customers", ["old"]);
    const looked = await look(id);
    expect(looked.states).toEqual(["FR"]);
    expect(looked.error?.message).toContain('asset customers has no partition "old"');
    await endAll(id);
    expect((await look(id)).status).toBe("COMPLETED_FAILED");

    const gone = await submit({ assets: of("orders", "cleaned"), partitions: { keys: keys(1, 1) } });
    workspace.set("shop", new Definitions({ assets: [orders] }));
    expect(await look(gone)).toMatchObject({
      states: ["R", "F"],
      error: { message: "asset cleaned of this backfill is not made by any code location now" },
    });
  });

  test("bad input is refused in words that say what to do", async () => {
    const words = async (request: Partial<BackfillRequest>) =>
      (await refusal(submit({ partitions: { keys: keys(1, 1) }, ...request }))).message;
    expect(await words({})).toBe("a backfill is of a job or of assets: name one of them");
    expect(await words({ assets: [] })).toBe("this backfill cannot be requested: no assets are selected");
    expect(await words({ assets: of("order") })).toBe('asset order does not exist: did you mean "orders"?');
    expect(await words({ assets: of("plain") })).toBe(
      "this backfill cannot be requested: no selected asset is partitioned, so launch a run of them instead",
    );
    expect(
      await words({ assets: of("orders"), partitions: { keys: ["2026-03-99", "2025-01-01"] } }),
    ).toContain('asset orders has no partition "2026-03-99"');
    expect(
      await words({
        assets: of("orders"),
        partitions: { range: { start: "2026-03-04", end: "2026-03-02" } },
      }),
    ).toBe(
      "this backfill cannot be requested: asset orders: the partition range 2026-03-04 … 2026-03-02 ends before it starts",
    );
    expect(await words({ assets: of("orders", "regions") })).toBe(
      "this backfill cannot be requested: orders and regions have different partitions and none of them is upstream of the other: name partitions for each, or request all",
    );
    expect(await words({ assets: of("configured") })).toContain("ops.configured.config: needs config: n");
    expect(await words({ assets: of("orders"), fromFailure: true })).toContain("are for backfills of a job");
    expect(await words({ location: "shop", job: "nightlyy" })).toBe(
      'job nightlyy does not exist: did you mean "nightly"?',
    );
    expect(await words({ location: "shop", job: "mixed" })).toContain("has assets with different partitions");
    expect(await words({ location: "shop", job: "nightly", steps: ["lod"] })).toContain("lod");
  });
});

describe("stopping", () => {
  test("a cancel stops queued runs at once, running ones through their worker, and what waits is not requested", async () => {
    const id = await submit({
      assets: of("cleaned", "weekly"),
      partitions: { keys: keys(1, 3) },
      // So that it is a run of this test that leaves the queue.
      tags: { "dagster/priority": "9" },
    });
    await look(id);
    const [first] = await openRuns(id);
    await storage.runs.dequeue({ maxConcurrentRuns: -1, tagLimits: [] }, 1);
    const started = (await openRuns(id)).find(({ status }) => status === "STARTING") ?? first;
    await storage.backfills.cancel(id);
    const canceling = await look(id);
    expect(canceling).toMatchObject({ status: "CANCELING", states: ["RRR", "C"] });
    expect((await runsOf(id)).map(({ status }) => status).sort()).toEqual([
      "CANCELED",
      "CANCELED",
      "CANCELING",
    ]);
    await storage.runs.cancel(present(started).runId, { force: true });
    expect(await look(id)).toMatchObject({
      status: "CANCELED",
      states: ["CCC", "C"],
      counts: { canceled: 4 },
    });
  });

  test("an idempotency key submits once", async () => {
    const request: BackfillRequest = {
      assets: of("orders"),
      partitions: { keys: keys(1, 1) },
      idempotencyKey: "cr:uid",
    };
    const first = await submitBackfill(deps, request);
    expect(await submitBackfill(deps, request)).toEqual({ backfillId: first.backfillId, created: false });
    expect(first.backfillId).toMatch(/^[a-z]{8}$/);
    expect(await refusal(submit({ assets: of("orders"), partitions: { keys: [] } }))).toBeInstanceOf(
      InvalidInput,
    );
  });
});
