import { expect } from "@jest/globals";
import type { Story, Through } from "../story.ts";

const LAUNCH = `mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on Error { message } } }`;
const READ = `query ($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill {
  status numPartitions error { message } runs { runId assetSelection { path } tags { key value } }
  assetBackfillData { assetBackfillStatuses {
    ... on AssetPartitionsStatusCounts { assetKey { path } numPartitionsTargeted numPartitionsMaterialized } } } } } }`;
const ADD_GUEST = `mutation ($key: String!) { addDynamicPartition(partitionsDefName: "guests", partitionKey: $key,
  repositorySelector: { repositoryName: "__repository__", repositoryLocationName: "definitions.ts" }) { __typename } }`;

interface Seen {
  status: string;
  runs: { runId: string; assetSelection: { path: string[] }[]; tags: { key: string; value: string }[] }[];
  assetBackfillData: {
    assetBackfillStatuses: {
      assetKey: { path: string[] };
      numPartitionsTargeted: number;
      numPartitionsMaterialized: number;
    }[];
  } | null;
}

/** Requests a backfill and waits for its end. */
async function backfill({ query }: Through, params: Record<string, unknown>): Promise<Seen> {
  const { launchPartitionBackfill: launched } = await query<{
    launchPartitionBackfill: { backfillId?: string; message?: string };
  }>(LAUNCH, { params });
  if (launched.backfillId === undefined) throw new Error(launched.message);
  for (;;) {
    const { partitionBackfillOrError: seen } = await query<{ partitionBackfillOrError: Seen }>(READ, {
      id: launched.backfillId,
    });
    if (!["REQUESTED", "CANCELING"].includes(seen.status)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
const of = (...names: string[]) => names.map((name) => ({ path: [name] }));
const made = ({ assetBackfillData }: Seen) =>
  Object.fromEntries(
    (assetBackfillData?.assetBackfillStatuses ?? []).map((one) => [
      one.assetKey.path.join("/"),
      `${one.numPartitionsMaterialized} of ${one.numPartitionsTargeted}`,
    ]),
  );

export default [
  {
    title: "a backfill goes from days to their week, back to days, and to the day after",
    tell: async (through) => {
      const seen = await backfill(through, {
        assetSelection: of("share_of_week", "visits", "day_before", "visits_by_week", "visits_checked"),
        partitionRange: { start: "2026-01-04", end: "2026-01-10" },
      });
      expect([seen.status, made(seen)]).toEqual([
        "COMPLETED_SUCCESS",
        {
          visits: "7 of 7",
          visits_checked: "7 of 7",
          visits_by_week: "1 of 1",
          share_of_week: "7 of 7",
          // From the 5th to the 11th.
          day_before: "7 of 7",
        },
      ]);
    },
  },
  {
    title: "a backfill policy makes many partitions in one run",
    tell: async (through) => {
      const days = { start: "2026-01-10", end: "2026-01-12" };
      const seen = await backfill(through, { assetSelection: of("visits", "archive"), partitionRange: days });
      expect([seen.status, made(seen)]).toEqual([
        "COMPLETED_SUCCESS",
        { visits: "3 of 3", archive: "3 of 3" },
      ]);
      const [single, ...more] = seen.runs.filter(
        ({ assetSelection }) => assetSelection[0]?.path[0] === "archive",
      );
      expect(more).toEqual([]);
      expect(single?.tags).toContainEqual({ key: "dagster/asset_partition_range_start", value: days.start });
      const { ran } = await through.ended(single?.runId ?? "");
      expect(ran.said).toContain("3 days, 2026-01-09T23:00:00.000Z to 2026-01-12T23:00:00.000Z");
      expect(ran.of("ASSET_MATERIALIZATION").map(({ partition }) => partition)).toEqual([
        "2026-01-10",
        "2026-01-11",
        "2026-01-12",
      ]);
    },
  },
  {
    title: "by a table, into two dimensions, and of keys that are added while the system runs",
    tell: async (through) => {
      const table = await backfill(through, {
        assetSelection: of("sales", "sales_by_country", "stock"),
        partitionNames: ["rome", "milan"],
      });
      expect([table.status, made(table)]).toEqual([
        "COMPLETED_SUCCESS",
        { sales: "2 of 2", sales_by_country: "1 of 1", stock: "2 of 2" },
      ]);
      for (const key of ["ada", "ben"]) await through.query(ADD_GUEST, { key });
      const dynamic = await backfill(through, { assetSelection: of("stay"), allPartitions: true });
      expect([dynamic.status, made(dynamic)]).toEqual(["COMPLETED_SUCCESS", { stay: "2 of 2" }]);
    },
  },
  {
    title: "by a function of one's own, from days and from keys that are added while the system runs",
    tell: async (through) => {
      const seen = await backfill(through, {
        assetSelection: of("visits", "visits_checked", "visits_by_half"),
        partitionRange: { start: "2026-01-15", end: "2026-01-17" },
      });
      expect([seen.status, made(seen)]).toEqual([
        "COMPLETED_SUCCESS",
        { visits: "3 of 3", visits_checked: "3 of 3", visits_by_half: "2 of 2" },
      ]);
      await through.query(ADD_GUEST, { key: "zoe" });
      const tables = await backfill(through, {
        assetSelection: of("stay", "tables"),
        partitionNames: ["zoe"],
      });
      expect([tables.status, made(tables)]).toEqual([
        "COMPLETED_SUCCESS",
        { stay: "1 of 1", tables: "1 of 1" },
      ]);
      const run = tables.runs.find(({ assetSelection }) => assetSelection[0]?.path[0] === "tables");
      expect(run?.tags).toContainEqual({ key: "dagster/partition", value: "n to z" });
    },
  },
  {
    title: "a job of partitioned assets",
    tell: async (through) => {
      const seen = await backfill(through, {
        selector: {
          partitionSetName: "daily_visits_partition_set",
          repositorySelector: { repositoryName: "__repository__", repositoryLocationName: "definitions.ts" },
        },
        partitionNames: ["2026-01-20", "2026-01-21"],
      });
      expect([seen.status, seen.runs.length]).toEqual(["COMPLETED_SUCCESS", 2]);
    },
  },
] satisfies Story[];
