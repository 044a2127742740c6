import { Button, Checkbox, MultiSelect, Select, TagsInput } from "@mantine/core";
import { IconPlayerPlay, IconPlayerStop, IconRefresh, IconTrash } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { WriteButton } from "../access/WriteButton.tsx";
import { Empty, Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { PageHead } from "../design/Page.tsx";
import { isLive, RUN_STATUSES, runLabel } from "../design/Status.tsx";
import { send } from "../graphql/client.ts";
import { type RunRow, Runs, RunsCount } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { useWorkspace } from "../workspace/workspace.ts";
import { reexecute, remove, report, reportFailure, terminate } from "./actions.ts";
import { Confirm } from "./Confirm.tsx";
import { RunCells } from "./RunCells.tsx";
import { runsFilter } from "./run-list.ts";

const PAGE = 50;

export function RunsPage() {
  const search = useSearch({ from: "/runs" });
  const navigate = useNavigate({ from: "/runs" });
  const { places } = useWorkspace();
  const filter = useMemo(() => runsFilter(search, Date.now()), [search]);
  const runs = useInfiniteQuery({
    queryKey: [Runs.name, "pages", filter],
    queryFn: ({ pageParam, signal }) => send(Runs, { filter, cursor: pageParam, limit: PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) =>
      last.runsOrError.__typename === "Runs" && last.runsOrError.results.length === PAGE
        ? (last.runsOrError.results.at(-1)?.runId ?? null)
        : null,
    // Each further page is asked again too, so a long list is refreshed less often.
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 1) > 2 ? 15_000 : 2500),
    placeholderData: keepPreviousData,
  });
  const count = useGraphQL(RunsCount, { filter }, { every: 10_000 });
  const refused = runs.data?.pages[0]?.runsOrError;
  const list = useMemo(() => {
    const seen = new Map<string, RunRow>();
    for (const page of runs.data?.pages ?? [])
      if (page.runsOrError.__typename === "Runs")
        for (const run of page.runsOrError.results) if (!seen.has(run.runId)) seen.set(run.runId, run);
    return [...seen.values()];
  }, [runs.data]);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const change = (patch: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...patch }), replace: true });
  const chosen = list.filter((run) => picked.has(run.runId));
  const jobs = [...new Set(places.flatMap((p) => p.repository.jobs.map((j) => j.name)))].sort();
  const filtered = Boolean(search.status || search.job || search.tag || search.location || search.within);
  const total = count.data?.runsOrError.__typename === "Runs" ? count.data.runsOrError.count : null;
  return (
    <div className="page fill">
      <PageHead
        title="Runs"
        name="Runs"
        sub={
          total === null
            ? undefined
            : `${total.toLocaleString()} run${total === 1 ? "" : "s"}${filtered ? " pass the filters" : ""}`
        }
      />
      <div className="toolbar">
        <MultiSelect
          aria-label="Status"
          placeholder={search.status ? "" : "Status"}
          data={RUN_STATUSES.map((value) => ({ value, label: runLabel(value) }))}
          value={[...(search.status ?? [])]}
          onChange={(v) => change({ status: v.length > 0 ? (v as typeof search.status) : undefined })}
          clearable
          miw={150}
          maw={420}
          comboboxProps={{ width: 180, position: "bottom-start" }}
        />
        <Select
          aria-label="Job"
          placeholder="Job"
          data={jobs}
          value={search.job ?? null}
          onChange={(v) => change({ job: v ?? undefined })}
          searchable
          clearable
          w={190}
          limit={100}
        />
        <TagsInput
          size="xs"
          aria-label="Tags"
          placeholder={search.tag ? "" : "tag=value"}
          value={[...(search.tag ?? [])]}
          onChange={(v) => change({ tag: v.length > 0 ? v : undefined })}
          miw={150}
          maw={380}
          clearable
        />
        {new Set(places.map((p) => p.location)).size > 1 ? (
          <Select
            aria-label="Code location"
            placeholder="Code location"
            data={[...new Set(places.map((p) => p.location))]}
            value={search.location ?? null}
            onChange={(v) => change({ location: v ?? undefined })}
            clearable
            w={160}
          />
        ) : null}
        <Select
          aria-label="Launched"
          placeholder="Any time"
          data={[
            { value: "1h", label: "Last hour" },
            { value: "24h", label: "Last 24 hours" },
            { value: "7d", label: "Last 7 days" },
            { value: "30d", label: "Last 30 days" },
          ]}
          value={search.within ?? null}
          onChange={(v) => change({ within: (v as typeof search.within) ?? undefined })}
          clearable
          w={140}
        />
      </div>
      {chosen.length > 0 ? <Bulk chosen={chosen} onDone={() => setPicked(new Set())} /> : null}
      {runs.error && !runs.data ? <QueryProblem error={runs.error} retry={runs.refetch} /> : null}
      {refused && refused.__typename !== "Runs" ? (
        <Problem title={refused.message} next="Change the filters." />
      ) : null}
      {runs.isPending ? (
        <div className="panel">
          <SkeletonRows rows={12} height={44} />
        </div>
      ) : null}
      {runs.data && refused?.__typename === "Runs" ? (
        list.length === 0 && !runs.hasNextPage ? (
          <div className="panel">
            {filtered ? (
              <Empty
                title="No run passes these filters"
                action={
                  <Button variant="default" onClick={() => void navigate({ search: {} })}>
                    Clear filters
                  </Button>
                }
              />
            ) : (
              <Empty
                icon={<IconPlayerPlay size={28} />}
                title="Nothing has run yet"
                code={"dagsterctl asset materialize '*'\ndagsterctl job launch my_job"}
              >
                A run executes a job or materializes assets. Press “Materialize all” on the Assets page, or
                use the command line.
              </Empty>
            )}
          </div>
        ) : (
          <RunTable
            runs={list}
            picked={picked}
            onPick={setPicked}
            more={runs.hasNextPage}
            onMore={() => void runs.fetchNextPage()}
            loading={runs.isFetchingNextPage}
            onTag={(tag) => change({ tag: [...new Set([...(search.tag ?? []), `${tag.key}=${tag.value}`])] })}
          />
        )
      ) : null}
    </div>
  );
}

function RunTable(props: {
  runs: RunRow[];
  picked: ReadonlySet<string>;
  onPick: (ids: ReadonlySet<string>) => void;
  more: boolean;
  loading: boolean;
  onMore: () => void;
  onTag: (tag: { key: string; value: string }) => void;
}) {
  const { runs, picked, onPick, more, loading, onMore, onTag } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: runs.length + (more ? 1 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => 44,
    overscan: 10,
  });
  const items = virtual.getVirtualItems();
  const end = (items.at(-1)?.index ?? 0) >= runs.length - 5;
  useEffect(() => {
    if (end && more && !loading) onMore();
  }, [end, more, loading, onMore]);
  const all = runs.length > 0 && runs.every((run) => picked.has(run.runId));
  return (
    <div className="panel run-table" role="table" aria-label="Runs">
      <div role="row" className="run-row head">
        <span role="columnheader">
          <Checkbox
            size="xs"
            aria-label="Choose all loaded"
            checked={all}
            indeterminate={!all && picked.size > 0}
            onChange={() => onPick(all ? new Set() : new Set(runs.map((r) => r.runId)))}
          />
        </span>
        <span role="columnheader" className="c-id">
          Run
        </span>
        <span role="columnheader">Target</span>
        <span role="columnheader">Status</span>
        <span role="columnheader" className="c-tags">
          Tags
        </span>
        <span role="columnheader">Launched</span>
        <span role="columnheader" className="c-dur">
          Duration
        </span>
      </div>
      <div className="run-scroll" ref={scroller}>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => {
            const run = runs[item.index];
            if (!run)
              return (
                <div key="more" className="run-row" style={{ transform: `translateY(${item.start}px)` }}>
                  <span />
                  <span className="faint">Loading more…</span>
                </div>
              );
            return (
              <div
                role="row"
                key={run.runId}
                className="run-row"
                aria-selected={picked.has(run.runId)}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <span role="cell">
                  <Checkbox
                    size="xs"
                    aria-label={`Choose run ${run.runId.slice(0, 8)}`}
                    checked={picked.has(run.runId)}
                    onChange={() => {
                      const next = new Set(picked);
                      if (!next.delete(run.runId)) next.add(run.runId);
                      onPick(next);
                    }}
                  />
                </span>
                <RunCells run={run} onTag={onTag} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Bulk({ chosen, onDone }: { chosen: RunRow[]; onDone: () => void }) {
  const [busy, setBusy] = useState(false);
  const ids = chosen.map((run) => run.runId);
  const live = chosen.filter((run) => run.canTerminate);
  const over = chosen.filter((run) => !isLive(run.status));
  const again = async () => {
    setBusy(true);
    try {
      const failed: string[] = [];
      for (const runId of ids) {
        const result = await reexecute(runId, "ALL_STEPS");
        if ("refused" in result) failed.push(`${runId.slice(0, 8)}: ${result.refused}`);
      }
      report("Re-executed", ids.length, failed);
      onDone();
    } catch (error) {
      reportFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const act = (what: string, work: () => Promise<string[]>, total: number) => async () => {
    report(what, total, await work());
    onDone();
  };
  return (
    <div className="bulk">
      <strong>{chosen.length} chosen</strong>
      <span className="spacer" />
      <WriteButton
        variant="default"
        leftSection={<IconRefresh size={14} />}
        loading={busy}
        onClick={() => void again()}
      >
        Re-execute
      </WriteButton>
      <Confirm
        label={`Terminate${live.length > 0 ? ` ${live.length}` : ""}`}
        icon={<IconPlayerStop size={14} />}
        disabled={live.length === 0}
        question={`Terminate ${live.length} run${live.length === 1 ? "" : "s"}?`}
        detail="Steps that run now are interrupted; what they wrote before stays."
        color="red"
        onConfirm={act("Terminating", () => terminate(live.map((r) => r.runId)), live.length)}
      />
      <Confirm
        label={`Delete${over.length > 0 ? ` ${over.length}` : ""}`}
        icon={<IconTrash size={14} />}
        disabled={over.length === 0}
        question={`Delete ${over.length} finished run${over.length === 1 ? "" : "s"}?`}
        detail="Their events and logs go too. What they materialized stays. This cannot be undone."
        color="red"
        onConfirm={act("Deleted", () => remove(over.map((r) => r.runId)), over.length)}
      />
      <button type="button" className="link-button" onClick={onDone}>
        Clear
      </button>
    </div>
  );
}
