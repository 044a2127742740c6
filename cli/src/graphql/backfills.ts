/** Backfills over GraphQL. */
import { NotFound } from "@dagster-operator/engine";
import type { Client } from "./client.ts";
import { ERRORS, good, type Union } from "./outcome.ts";
import type { GraphqlError } from "./run-events.ts";
import { REPOSITORY } from "./runs.ts";

export interface BackfillAsset {
  assetKey: { path: string[] };
  numPartitionsTargeted?: number;
  numPartitionsInProgress?: number;
  numPartitionsMaterialized?: number;
  numPartitionsFailed?: number;
  inProgress?: boolean;
  materialized?: boolean;
  failed?: boolean;
}
export interface Backfill {
  id: string;
  status: string;
  isPaused: boolean;
  jobName: string | null;
  title: string | null;
  numPartitions: number | null;
  /** Seconds since the epoch. */
  timestamp: number;
  endTimestamp: number | null;
  assetSelection: { path: string[] }[] | null;
  partitionStatusCounts: { runStatus: string; count: number }[];
  error: GraphqlError | null;
  /** Of one that is shown, null for a job. */
  assetBackfillData?: { assetBackfillStatuses: BackfillAsset[] } | null;
}

const BACKFILL = `
  id status isPaused jobName title numPartitions timestamp endTimestamp
  assetSelection { path } partitionStatusCounts { runStatus count } error { message }
`;
export const LAUNCH_BACKFILL = `mutation LaunchBackfill($params: LaunchBackfillParams!) {
  answer: launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId }
    ... on RunConfigValidationInvalid { errors { message stack { entries { __typename ... on EvaluationStackPathEntry { fieldName } } } } }
    ${ERRORS}
  }
}`;
export const REEXECUTE_BACKFILL = `mutation ReexecuteBackfill($params: ReexecutionParams!) {
  answer: reexecutePartitionBackfill(reexecutionParams: $params) { __typename ... on LaunchBackfillSuccess { backfillId } ${ERRORS} }
}`;
export const BACKFILLS = `query Backfills($limit: Int, $filters: BulkActionsFilter) {
  partitionBackfillsOrError(limit: $limit, filters: $filters) { __typename ... on PartitionBackfills { results { ${BACKFILL} } } ${ERRORS} }
}`;
export const BACKFILL_BY_ID = `query Backfill($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    __typename
    ... on PartitionBackfill { ${BACKFILL} assetBackfillData { assetBackfillStatuses {
      __typename
      ... on AssetPartitionsStatusCounts { assetKey { path } numPartitionsTargeted numPartitionsInProgress numPartitionsMaterialized numPartitionsFailed }
      ... on UnpartitionedAssetStatus { assetKey { path } inProgress materialized failed }
    } } }
    ${ERRORS}
  }
}`;
export const CANCEL_BACKFILL = `mutation CancelBackfill($id: String!) {
  answer: cancelPartitionBackfill(backfillId: $id) { __typename ... on CancelBackfillSuccess { backfillId } ${ERRORS} }
}`;
export const PAUSE_BACKFILL = `mutation PauseBackfill($id: String!) {
  answer: pausePartitionBackfill(backfillId: $id) { __typename ... on ResumeBackfillSuccess { backfillId } ${ERRORS} }
}`;
export const RESUME_BACKFILL = `mutation ResumeBackfill($id: String!) {
  answer: resumePartitionBackfill(backfillId: $id) { __typename ... on ResumeBackfillSuccess { backfillId } ${ERRORS} }
}`;

export interface BackfillParams {
  /** Of a job. */
  job?: { location: string; name: string };
  assets?: string[][];
  partitions:
    | { partitionNames: string[] }
    | { partitionRange: { start: string; end: string } }
    | { allPartitions: true };
  onlyMissingAndFailed?: boolean | undefined;
  fromFailure?: boolean | undefined;
  runConfig?: Record<string, unknown> | undefined;
  tags?: Record<string, string> | undefined;
  title?: string | undefined;
}

type Changed = { answer: Union & { backfillId?: string } };
function idOf({ answer }: Changed): string {
  const { backfillId } = good(answer, "LaunchBackfillSuccess");
  if (!backfillId) throw new Error("the server requested a backfill, but did not name it");
  return backfillId;
}

/** Gives its id. @throws InvalidInput · NotFound · Unavailable */
export async function launchBackfill(client: Client, params: BackfillParams): Promise<string> {
  const { job, assets, partitions, runConfig, tags, ...rest } = params;
  const sent = {
    ...rest,
    ...partitions,
    ...(job
      ? {
          selector: {
            partitionSetName: `${job.name}_partition_set`,
            repositorySelector: { repositoryLocationName: job.location, repositoryName: REPOSITORY },
          },
        }
      : { assetSelection: (assets ?? []).map((path) => ({ path })) }),
    runConfigData: runConfig ?? {},
    tags: Object.entries(tags ?? {}).map(([key, value]) => ({ key, value })),
  };
  return idOf(await client.query<Changed>(LAUNCH_BACKFILL, { params: sent }));
}

export const reexecuteBackfill = async (client: Client, id: string, strategy: "FROM_FAILURE" | "ALL_STEPS") =>
  idOf(await client.query<Changed>(REEXECUTE_BACKFILL, { params: { parentRunId: id, strategy } }));

export async function listBackfills(
  client: Client,
  statuses: string[] | undefined,
  limit: number,
): Promise<Backfill[]> {
  const { partitionBackfillsOrError: answer } = await client.query<{
    partitionBackfillsOrError: Union & { results: Backfill[] };
  }>(BACKFILLS, { limit, filters: statuses ? { statuses } : {} });
  return good(answer, "PartitionBackfills").results;
}

/** By its id or the beginning of one that no other of late has. */
export async function findBackfill(client: Client, idOrPrefix: string): Promise<Backfill> {
  const recent = idOrPrefix.length < 8 ? await listBackfills(client, undefined, 500) : [];
  const matching = recent.filter(({ id }) => id.startsWith(idOrPrefix));
  const id = matching.length === 1 && matching[0] ? matching[0].id : idOrPrefix;
  if (matching.length > 1)
    throw new NotFound("Backfill", idOrPrefix, `${matching.length} backfills begin so`);
  const { partitionBackfillOrError: answer } = await client.query<{
    partitionBackfillOrError: Union & Backfill;
  }>(BACKFILL_BY_ID, { id });
  return good(answer, "PartitionBackfill");
}

const change = async (client: Client, operation: string, id: string, good_: string) => {
  const { answer } = await client.query<Changed>(operation, { id });
  good(answer, good_);
};
export const cancelBackfill = (client: Client, id: string) =>
  change(client, CANCEL_BACKFILL, id, "CancelBackfillSuccess");
export const pauseBackfill = (client: Client, id: string) =>
  change(client, PAUSE_BACKFILL, id, "ResumeBackfillSuccess");
export const resumeBackfill = (client: Client, id: string) =>
  change(client, RESUME_BACKFILL, id, "ResumeBackfillSuccess");
