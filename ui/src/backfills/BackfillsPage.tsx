import { Button, SegmentedControl } from "@mantine/core";
import { IconStackPush } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Empty, Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { PageHead } from "../design/Page.tsx";
import { send } from "../graphql/client.ts";
import { type BackfillRow, Backfills } from "../graphql/generated/operations.ts";
import { LIVE } from "../graphql/hooks.ts";
import { BackfillList } from "./BackfillList.tsx";
import type { BackfillStatus } from "./progress.ts";

const PAGE = 50;
const SHOWN: Record<"open" | "failed", BackfillStatus[]> = {
  open: ["REQUESTED", "CANCELING"],
  failed: ["COMPLETED_FAILED", "FAILED"],
};

export function BackfillsPage() {
  const { show } = useSearch({ from: "/backfills" });
  const navigate = useNavigate({ from: "/backfills" });
  const filters = show ? { statuses: SHOWN[show] } : {};
  const query = useInfiniteQuery({
    queryKey: [Backfills.name, "pages", show],
    queryFn: ({ pageParam, signal }) => send(Backfills, { filters, cursor: pageParam, limit: PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) =>
      last.partitionBackfillsOrError.__typename === "PartitionBackfills" &&
      last.partitionBackfillsOrError.results.length === PAGE
        ? (last.partitionBackfillsOrError.results.at(-1)?.id ?? null)
        : null,
    refetchInterval: LIVE,
    placeholderData: keepPreviousData,
  });
  const refused = query.data?.pages[0]?.partitionBackfillsOrError;
  const list = (query.data?.pages ?? []).flatMap(
    ({ partitionBackfillsOrError: page }): readonly BackfillRow[] =>
      page.__typename === "PartitionBackfills" ? page.results : [],
  );
  return (
    <div className="page">
      <PageHead
        title="Backfills"
        name="Backfills"
        sub="Many partitions, requested in the order of their dependencies."
      />
      <div className="toolbar">
        <SegmentedControl
          aria-label="Which backfills"
          value={show ?? "all"}
          onChange={(value) =>
            void navigate({
              search: { show: value === "all" ? undefined : (value as "open" | "failed") },
              replace: true,
            })
          }
          data={[
            { value: "all", label: "All" },
            { value: "open", label: "In progress" },
            { value: "failed", label: "With failures" },
          ]}
        />
      </div>
      {query.error && !query.data ? <QueryProblem error={query.error} retry={query.refetch} /> : null}
      {refused?.__typename === "PythonError" ? <Problem title={refused.message} /> : null}
      {!query.data && !query.error ? <SkeletonRows rows={6} /> : null}
      {query.data && list.length === 0 ? (
        <div className="panel">
          <Empty
            icon={<IconStackPush size={26} />}
            title={show ? "No such backfill" : "No backfill yet"}
            code="dagsterctl asset backfill 'orders+' --from 2026-11-01 --to 2026-11-22"
          >
            Choose a range of partitions in the Materialize dialog of a partitioned asset, or use the command
            line.
          </Empty>
        </div>
      ) : null}
      {list.length > 0 ? (
        <div className="panel">
          <BackfillList backfills={list} />
        </div>
      ) : null}
      {query.hasNextPage ? (
        <Button
          variant="default"
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          Older backfills
        </Button>
      ) : null}
    </div>
  );
}
