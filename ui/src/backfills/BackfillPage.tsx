import { IconPlayerPause, IconPlayerPlay, IconPlayerStop, IconRefresh } from "@tabler/icons-react";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { WriteButton } from "../access/WriteButton.tsx";
import { AssetLink } from "../assets/AssetLink.tsx";
import { Empty, Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { PageHead, Panel } from "../design/Page.tsx";
import { Badge } from "../design/Status.tsx";
import { Duration, TimeAgo } from "../design/Time.tsx";
import {
  type BackfillPageResult,
  BackfillPage as BackfillQuery,
  Runs,
} from "../graphql/generated/operations.ts";
import { LIVE, useGraphQL } from "../graphql/hooks.ts";
import { reportFailure } from "../runs/actions.ts";
import { Confirm } from "../runs/Confirm.tsx";
import { RunList } from "../runs/RunCells.tsx";
import { change, reexecute } from "./actions.ts";
import { Progress } from "./Progress.tsx";
import { assetShares, backfillTitle, isOpen, type Share, sharesOf, statusOf } from "./progress.ts";
import "./backfills.css";
import { countOf } from "../design/count.ts";

type Backfill = Extract<BackfillPageResult["partitionBackfillOrError"], { __typename: "PartitionBackfill" }>;
type AssetStatus = NonNullable<Backfill["assetBackfillData"]>["assetBackfillStatuses"][number];

export function BackfillPage() {
  const { backfillId } = useParams({ from: "/backfills/$backfillId" });
  const query = useGraphQL(BackfillQuery, { id: backfillId }, { every: LIVE });
  const found = query.data?.partitionBackfillOrError;
  const backfill = found?.__typename === "PartitionBackfill" && found.id === backfillId ? found : null;
  const parent = backfill?.tags.find(({ key }) => key === "dagster/parent_backfill")?.value;
  return (
    <div className="page">
      <PageHead
        name={`Backfill ${backfillId}`}
        title={backfill ? backfillTitle(backfill) : backfillId}
        crumb={
          <>
            <Link to="/backfills">Backfills</Link> / {backfillId}
          </>
        }
        sub={backfill?.description ?? undefined}
        actions={backfill ? <Actions backfill={backfill} /> : null}
      />
      {query.error && !query.data ? <QueryProblem error={query.error} retry={query.refetch} /> : null}
      {found && found.__typename !== "PartitionBackfill" ? (
        <Problem title={found.message} next={<Link to="/backfills">All backfills</Link>} />
      ) : null}
      {!found && !query.error ? <SkeletonRows rows={6} /> : null}
      {backfill ? (
        <div className="stack">
          {backfill.error ? <Problem title={backfill.error.message} /> : null}
          <Panel title="Progress" padded>
            <div className="row wrap" style={{ marginBottom: 10 }}>
              <Badge tone={statusOf(backfill).tone} pulse={isOpen(backfill.status) && !backfill.isPaused}>
                {statusOf(backfill).label}
              </Badge>
              <span className="dim">
                requested <TimeAgo at={backfill.timestamp * 1000} />, took{" "}
                <Duration
                  start={backfill.timestamp * 1000}
                  end={backfill.endTimestamp === null ? null : backfill.endTimestamp * 1000}
                />
              </span>
              {parent ? (
                <span className="dim">
                  again after{" "}
                  <Link to="/backfills/$backfillId" params={{ backfillId: parent }}>
                    {parent}
                  </Link>
                </span>
              ) : null}
            </div>
            <Progress shares={sharesOf(backfill)} />
          </Panel>
          {backfill.assetBackfillData ? (
            <Panel title="Assets" count={backfill.assetBackfillData.assetBackfillStatuses.length}>
              {backfill.assetBackfillData.assetBackfillStatuses.map((asset) => (
                <div className="backfill-asset" key={asset.assetKey.path.join("/")}>
                  <AssetLink path={asset.assetKey.path} />
                  <span className="dim">{sizeOf(asset)}</span>
                  <Progress shares={sharesOfAsset(asset)} />
                </div>
              ))}
            </Panel>
          ) : null}
          <BackfillRuns id={backfill.id} />
        </div>
      ) : null}
    </div>
  );
}

const sizeOf = (asset: AssetStatus): string =>
  asset.__typename === "UnpartitionedAssetStatus"
    ? "whole"
    : countOf(asset.numPartitionsTargeted, "partition");

function sharesOfAsset(asset: AssetStatus): Share[] {
  if (asset.__typename !== "UnpartitionedAssetStatus") return assetShares(asset);
  if (asset.materialized) return [{ tone: "ok", label: "done", count: 1 }];
  if (asset.failed) return [{ tone: "fail", label: "failed", count: 1 }];
  if (asset.inProgress) return [{ tone: "run", label: "in progress", count: 1 }];
  return [{ tone: "none", label: "waiting", count: 1 }];
}

function Actions({ backfill }: { backfill: Backfill }) {
  const navigate = useNavigate();
  const { id, status, isPaused, numCancelable } = backfill;
  const again = (strategy: "FROM_FAILURE" | "ALL_STEPS") => async () => {
    try {
      const backfillId = await reexecute(id, strategy);
      await navigate({ to: "/backfills/$backfillId", params: { backfillId } });
    } catch (error) {
      reportFailure(error);
    }
  };
  const ask = (what: "pause" | "resume") => () => change(what, id).catch(reportFailure);
  if (status === "CANCELING") return null;
  if (status === "REQUESTED" || status === "FAILED")
    return (
      <>
        {status === "FAILED" || isPaused ? (
          <WriteButton variant="default" leftSection={<IconPlayerPlay size={15} />} onClick={ask("resume")}>
            Resume
          </WriteButton>
        ) : (
          <WriteButton variant="default" leftSection={<IconPlayerPause size={15} />} onClick={ask("pause")}>
            Pause
          </WriteButton>
        )}
        <Confirm
          label="Cancel backfill"
          icon={<IconPlayerStop size={14} />}
          color="red"
          question="Cancel this backfill?"
          detail={
            numCancelable > 0
              ? `No more partitions are requested, and ${numCancelable} run${numCancelable === 1 ? " is" : "s are"} stopped. What they wrote before stays.`
              : "No more partitions are requested."
          }
          onConfirm={() => change("cancel", id)}
        />
      </>
    );
  return (
    <>
      {status !== "COMPLETED_SUCCESS" ? (
        <WriteButton leftSection={<IconRefresh size={15} />} onClick={again("FROM_FAILURE")}>
          Run what is missing
        </WriteButton>
      ) : null}
      <WriteButton variant="default" leftSection={<IconRefresh size={15} />} onClick={again("ALL_STEPS")}>
        Run all again
      </WriteButton>
    </>
  );
}

function BackfillRuns({ id }: { id: string }) {
  const variables = useMemo(
    () => ({ filter: { tags: [{ key: "dagster/backfill", value: id }] }, limit: 50 }),
    [id],
  );
  const query = useGraphQL(Runs, variables, { every: LIVE });
  const answer = query.data?.runsOrError;
  if (query.error && !answer) return <QueryProblem error={query.error} retry={query.refetch} />;
  if (!answer) return <SkeletonRows rows={3} />;
  if (answer.__typename !== "Runs") return <Problem title={answer.message} />;
  return (
    <Panel
      title="Newest runs"
      count={answer.results.length}
      actions={
        <Link to="/runs" search={{ tag: [`dagster/backfill=${id}`] }}>
          All, with filters
        </Link>
      }
    >
      {answer.results.length > 0 ? (
        <RunList runs={answer.results} />
      ) : (
        <Empty title="No run yet">A daemon requests them.</Empty>
      )}
    </Panel>
  );
}
