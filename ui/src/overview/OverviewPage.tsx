import { SegmentedControl } from "@mantine/core";
import { IconMoodSmile, IconPlayerPlay } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { dueNext } from "../automation/due.ts";
import { Empty, Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { useNow } from "../design/now.ts";
import { PageHead, Panel } from "../design/Page.tsx";
import { Badge, Dot, isLive, LIVE_STATUSES } from "../design/Status.tsx";
import { TimeAgo } from "../design/Time.tsx";
import { Automation, type RunRow, Timeline } from "../graphql/generated/operations.ts";
import { LIVE, useGraphQL } from "../graphql/hooks.ts";
import { RunList } from "../runs/RunCells.tsx";
import { timelineRuns } from "../runs/run-list.ts";
import { useWorkspace } from "../workspace/workspace.ts";
import { RunTimeline } from "./RunTimeline.tsx";

export function OverviewPage() {
  const { hours = "1" } = useSearch({ from: "/" });
  const navigate = useNavigate({ from: "/" });
  const [opened] = useState(() => Math.floor(Date.now() / 1000));
  const runs = useGraphQL(
    Timeline,
    useMemo(
      () => ({
        ongoing: { statuses: LIVE_STATUSES },
        recent: { updatedAfter: opened - 24 * 3600 },
        limit: 300,
      }),
      [opened],
    ),
    { every: LIVE },
  );
  const automation = useGraphQL(Automation, {}, { every: 10_000 });
  const list = useMemo(() => (runs.data ? timelineRuns(runs.data) : []), [runs.data]);
  const ongoing = list.filter((run) => isLive(run.status));
  const running = ongoing.filter((run) => run.status !== "QUEUED" && run.status !== "NOT_STARTED");
  const failed = list.filter((run) => run.status === "FAILURE");
  const succeeded = list.filter((run) => run.status === "SUCCESS");
  const refusal = runs.data?.recent.__typename !== "Runs" ? runs.data?.recent : undefined;
  return (
    <div className="page">
      <PageHead title="Overview" name="Overview" />
      {runs.error && !runs.data ? <QueryProblem error={runs.error} retry={runs.refetch} /> : null}
      {refusal ? <Problem title={refusal.message} /> : null}
      <div className="tiles">
        <Tile
          label="Running"
          tone="run"
          value={runs.data ? running.length : null}
          to={{ status: ["STARTED", "STARTING", "CANCELING"] }}
        />
        <Tile
          label="Queued"
          tone="queue"
          value={runs.data ? ongoing.length - running.length : null}
          to={{ status: ["QUEUED", "NOT_STARTED"] }}
        />
        <Tile
          label="Failed"
          tone="fail"
          value={runs.data ? failed.length : null}
          note="last 24 hours"
          to={{ status: ["FAILURE"], within: "24h" }}
        />
        <Tile
          label="Succeeded"
          tone="ok"
          value={runs.data ? succeeded.length : null}
          note="last 24 hours"
          to={{ status: ["SUCCESS"], within: "24h" }}
        />
      </div>
      <div className="cols-main">
        <div className="stack">
          <Panel
            title="Runs"
            actions={
              <SegmentedControl
                aria-label="Window"
                value={hours}
                onChange={(v) => void navigate({ search: { hours: v as "1" }, replace: true })}
                data={[
                  { value: "1", label: "1 h" },
                  { value: "6", label: "6 h" },
                  { value: "24", label: "24 h" },
                ]}
              />
            }
          >
            {runs.isPending ? <SkeletonRows rows={4} /> : null}
            {runs.data && list.length > 0 ? <RunTimeline runs={list} hours={Number(hours)} /> : null}
            {runs.data && list.length === 0 && !refusal ? <NoRuns /> : null}
          </Panel>
          {ongoing.length > 0 ? (
            <Panel
              title="In progress"
              count={ongoing.length}
              actions={
                <Link to="/runs" search={{ status: LIVE_STATUSES }}>
                  All
                </Link>
              }
            >
              <RunList runs={ongoing.slice(0, 8)} />
            </Panel>
          ) : null}
          <Panel
            title="Failed in the last 24 hours"
            count={failed.length || undefined}
            actions={
              failed.length > 0 ? (
                <Link to="/runs" search={{ status: ["FAILURE"], within: "24h" }}>
                  All
                </Link>
              ) : null
            }
          >
            {failed.length > 0 ? (
              <RunList runs={failed.slice(0, 8)} />
            ) : runs.data ? (
              <div className="panel-body dim row">
                <IconMoodSmile size={17} /> No run has failed.
              </div>
            ) : (
              <SkeletonRows rows={2} />
            )}
          </Panel>
          {ongoing.length === 0 && failed.length === 0 && succeeded.length > 0 ? (
            <Panel title="Last runs" actions={<Link to="/runs">All</Link>}>
              <RunList runs={succeeded.slice(0, 6)} />
            </Panel>
          ) : null}
        </div>
        <div className="stack">
          <Due data={automation.data} />
          <LocationsPanel />
        </div>
      </div>
    </div>
  );
}

function Tile({
  label,
  tone,
  value,
  note,
  to,
}: {
  label: string;
  tone: "run" | "queue" | "fail" | "ok";
  value: number | null;
  note?: string;
  to: { status: RunRow["status"][]; within?: "24h" };
}) {
  return (
    <Link to="/runs" search={to} className="panel tile">
      <span className="label">
        <span className={`dot tone-${value ? tone : "none"} ${tone === "run" && value ? "pulse" : ""}`} />
        {label}
      </span>
      <div className="value">
        {value ?? <span className="skeleton" style={{ display: "inline-block", width: 30, height: 18 }} />}
      </div>
      <span className="note">{note ?? "now"}</span>
    </Link>
  );
}

function NoRuns() {
  return (
    <Empty
      icon={<IconPlayerPlay size={26} />}
      title="Nothing ran in the last 24 hours"
      code={"dagsterctl asset materialize '*'"}
    >
      Materialize assets on the <Link to="/lineage">lineage</Link> page, launch a <Link to="/jobs">job</Link>,
      or from a shell:
    </Empty>
  );
}

function Due({ data }: { data: Parameters<typeof dueNext>[0] | undefined }) {
  const now = useNow();
  const due = useMemo(() => (data ? dueNext(data) : []), [data]);
  return (
    <Panel title="Due next" actions={<Link to="/automation">All</Link>}>
      {!data ? <SkeletonRows rows={3} /> : null}
      {due.slice(0, 7).map((item) => (
        <div key={`${item.location}/${item.kind}/${item.name}`} className="due-row">
          <span className="truncate spacer">
            {item.kind === "schedule" ? (
              <Link
                to="/automation/$location/schedules/$name"
                params={{ location: item.location, name: item.name }}
                className="asset-link"
              >
                {item.name}
              </Link>
            ) : (
              <Link
                to="/automation/$location/sensors/$name"
                params={{ location: item.location, name: item.name }}
                className="asset-link"
              >
                {item.name}
              </Link>
            )}
            <div className="faint">{item.kind}</div>
          </span>
          <span className="dim">
            {item.at !== null && item.at <= now + 1000 ? "now" : <TimeAgo at={item.at} />}
          </span>
        </div>
      ))}
      {data && due.length === 0 ? (
        <Empty title="Nothing is switched on">
          Schedules and sensors that are on show here with their next tick. Switch them on under{" "}
          <Link to="/automation">Automation</Link>.
        </Empty>
      ) : null}
    </Panel>
  );
}

function LocationsPanel() {
  const { entries, query } = useWorkspace();
  return (
    <Panel
      title="Code locations"
      count={entries.length || undefined}
      actions={<Link to="/deployment">All</Link>}
    >
      {query.isPending ? <SkeletonRows rows={2} /> : null}
      {entries.map((entry) => {
        const broken = entry.locationOrLoadError?.__typename === "PythonError";
        const loading = entry.loadStatus === "LOADING";
        return (
          <div key={entry.name} className="due-row">
            <Dot
              tone={broken ? "fail" : loading ? "run" : "ok"}
              label={broken ? "Load error" : loading ? "Loading" : "Loaded"}
              pulse={loading}
            />
            <Link
              to="/deployment/$location"
              params={{ location: entry.name }}
              className="asset-link spacer truncate"
            >
              {entry.name}
            </Link>
            {broken ? (
              <Badge tone="fail">Load error</Badge>
            ) : entry.newVersionError ? (
              <Badge tone="warn">New version refused</Badge>
            ) : (
              <span className="dim">
                <TimeAgo at={entry.updatedTimestamp * 1000} />
              </span>
            )}
          </div>
        );
      })}
      {query.data && entries.length === 0 ? (
        <Empty title="No code location" code="dagsterctl dev -f definitions.ts">
          Start the system with your definitions.
        </Empty>
      ) : null}
    </Panel>
  );
}
