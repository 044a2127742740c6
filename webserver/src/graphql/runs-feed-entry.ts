/** What runs and backfills have in common in a list of both. */
import type { BackfillRecord } from "@dagster-operator/engine";
import { builder, byTypename } from "./builder.ts";
import { RunStatus } from "./enums.ts";
import { AssetCheckHandle, AssetKey, PipelineTag, type RunModel, tagModels } from "./refs.ts";
import { seconds } from "./time.ts";

export type BackfillModel = BackfillRecord & { __typename: "PartitionBackfill" };
export const backfillModel = (record: BackfillRecord): BackfillModel => ({
  ...record,
  __typename: "PartitionBackfill",
});

/** As Dagster shows a backfill among runs. */
export const RUN_STATUS = {
  REQUESTED: "STARTED",
  CANCELING: "CANCELING",
  CANCELED: "CANCELED",
  COMPLETED_SUCCESS: "SUCCESS",
  COMPLETED_FAILED: "FAILURE",
  FAILED: "FAILURE",
} as const satisfies Record<BackfillRecord["status"], string>;

const feedId = (entry: RunModel | BackfillModel): string =>
  entry.__typename === "Run" ? entry.runId : entry.backfillId;

export const RunsFeedEntry = builder.interfaceRef<RunModel | BackfillModel>("RunsFeedEntry").implement({
  resolveType: byTypename,
  fields: (t) => ({
    id: t.id({ resolve: feedId }),
    runStatus: t.field({
      type: RunStatus,
      nullable: true,
      resolve: (entry) => (entry.__typename === "Run" ? entry.status : RUN_STATUS[entry.status]),
    }),
    creationTime: t.float({ resolve: (entry) => seconds(entry.createdAt) }),
    startTime: t.float({
      nullable: true,
      resolve: (entry) => seconds(entry.__typename === "Run" ? entry.startedAt : entry.createdAt),
    }),
    endTime: t.float({ nullable: true, resolve: (entry) => seconds(entry.endedAt) }),
    tags: t.field({ type: [PipelineTag], resolve: (entry) => tagModels(entry.tags) }),
    jobName: t.string({ nullable: true, resolve: (entry) => entry.job }),
    assetSelection: t.field({
      type: [AssetKey],
      nullable: true,
      resolve: (entry) => (entry.__typename === "Run" || entry.job === null ? entry.assets : null),
    }),
    assetCheckSelection: t.field({
      type: [AssetCheckHandle],
      nullable: true,
      resolve: (entry) => (entry.__typename === "Run" ? entry.checks : null),
    }),
  }),
});
