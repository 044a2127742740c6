import { SegmentedControl } from "@mantine/core";
import { IconChartLine, IconUser } from "@tabler/icons-react";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";
import { Copyable } from "../design/Copyable.tsx";
import { Empty, Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { breakable, PageHead, Panel } from "../design/Page.tsx";
import { Badge } from "../design/Status.tsx";
import { TimeAgo } from "../design/Time.tsx";
import {
  AssetEvents,
  type AssetEventsResult,
  AssetPage as AssetPageQuery,
  type AssetPageResult,
} from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { MaterializeButton } from "../launch/MaterializeButton.tsx";
import { Plots } from "../metadata/Plots.tsx";
import { seriesOf } from "../metadata/series.ts";
import { AssetChecksPanel } from "./AssetChecksPanel.tsx";
import { AssetOverview } from "./AssetOverview.tsx";
import { AutomationPanel } from "./AutomationPanel.tsx";
import { useAssetGraph } from "./asset-graph.ts";
import { EventsPanel } from "./EventsPanel.tsx";
import { Freshness } from "./Freshness.tsx";
import { Kinds } from "./Kinds.tsx";
import { keyFromUrl, keyText } from "./key.ts";
import { assetState, useLatest } from "./latest.ts";
import { PartitionsPanel } from "./PartitionsPanel.tsx";

const Neighbourhood = lazy(() =>
  import("../lineage/Neighbourhood.tsx").then((m) => ({ default: m.Neighbourhood })),
);

export type AssetDefinition = Extract<AssetPageResult["assetNodeOrError"], { __typename: "AssetNode" }>;
export type AssetHistory = Extract<AssetEventsResult["assetOrError"], { __typename: "Asset" }>;

export function AssetPage() {
  const { _splat = "" } = useParams({ from: "/assets/$" });
  const search = useSearch({ from: "/assets/$" });
  const path = useMemo(() => keyFromUrl(_splat), [_splat]);
  const { graph } = useAssetGraph();
  const page = useGraphQL(
    AssetPageQuery,
    useMemo(() => ({ key: { path } }), [path]),
    { every: 30_000 },
  );
  const events = useGraphQL(
    AssetEvents,
    useMemo(() => ({ key: { path }, limit: 200 }), [path]),
    { every: 5000 },
  );
  const latest = useLatest(useMemo(() => [path], [path]));
  const id = keyText(path);
  const tab = search.tab ?? "overview";
  if (page.error && !page.data)
    return (
      <div className="page">
        <PageHead title={id} name={id} />
        <QueryProblem error={page.error} retry={page.refetch} />
      </div>
    );
  const found = page.data?.assetNodeOrError;
  const node = found?.__typename === "AssetNode" && keyText(found.assetKey.path) === id ? found : null;
  const history =
    events.data?.assetOrError.__typename === "Asset" && keyText(events.data.assetOrError.key.path) === id
      ? events.data.assetOrError
      : null;
  const entry = graph?.byId.get(id);
  const state = assetState(
    latest.get(id),
    node?.isMaterializable ?? true,
    history?.definition?.partitionStats,
  );
  const gone = found && !node && !page.isPlaceholderData;
  const tabs = [
    ["overview", "Overview", null],
    [
      "events",
      "Events",
      history ? history.assetMaterializations.length + history.assetObservations.length : null,
    ],
    ["plots", "Plots", null],
    ...(node?.isPartitioned ? ([["partitions", "Partitions", null]] as const) : []),
    ...(node?.automationCondition || search.check ? ([["automation", "Automation", null]] as const) : []),
    ...(node?.hasAssetChecks ? ([["checks", "Checks", null]] as const) : []),
    ["lineage", "Lineage", null],
  ] as const;
  return (
    <div className={`page ${tab === "lineage" ? "fill" : ""}`}>
      <PageHead
        name={id}
        crumb={
          <>
            <Link to="/assets">Assets</Link>
            {node ? (
              <>
                {" "}
                /{" "}
                <Link to="/assets" search={{ group: [node.groupName] }}>
                  {node.groupName}
                </Link>
              </>
            ) : null}
          </>
        }
        title={
          <>
            <Copyable value={id} label="key">
              <span>{breakable(id)}</span>
            </Copyable>
            {node ? (
              <Badge tone={state.tone} pulse={state.live}>
                {state.label || "…"}
              </Badge>
            ) : null}
            {node ? <Freshness node={node} /> : null}
          </>
        }
        sub={
          node ? (
            <span className="row wrap" style={{ marginTop: 4 }}>
              <Kinds kinds={node.kinds} />
              <Owners owners={node.owners} />
              {state.at !== null ? (
                <span>
                  materialized <TimeAgo at={state.at} />
                </span>
              ) : null}
            </span>
          ) : undefined
        }
        actions={
          entry && node ? (
            node.isExecutable && !node.isMaterializable ? (
              <MaterializeButton assets={[{ ...entry, materializable: true }]} some verb="Observe" />
            ) : (
              <MaterializeButton assets={[entry]} some verb="Materialize" />
            )
          ) : null
        }
      />
      {gone ? (
        <Problem
          tone="warn"
          title={history ? "No code location defines this asset any more" : "There is no asset with this key"}
          next={
            <>
              If it should exist, its code location may have failed to load: look at{" "}
              <Link to="/deployment">Deployment</Link>.
            </>
          }
        />
      ) : null}
      <nav className="tabs" aria-label="Asset">
        {(gone && !history ? [] : tabs).map(([key, label, count]) => (
          <Link
            key={key}
            to="/assets/$"
            params={{ _splat }}
            search={{ tab: key === "overview" ? undefined : key }}
            className={tab === key ? "chosen" : ""}
            aria-current={tab === key ? "page" : undefined}
          >
            {label}
            {count ? <span className="count">{count}</span> : null}
          </Link>
        ))}
      </nav>
      {events.error && !events.data ? <QueryProblem error={events.error} retry={events.refetch} /> : null}
      {page.isPending ? <SkeletonRows rows={8} /> : null}
      {tab === "overview" && node ? <AssetOverview node={node} history={history} /> : null}
      {tab === "events" && history ? <EventsPanel history={history} /> : null}
      {tab === "plots" && history ? (
        <PlotsTab history={history} partitioned={node?.isPartitioned ?? false} />
      ) : null}
      {tab === "partitions" && node ? <PartitionsPanel path={path} history={history} /> : null}
      {tab === "automation" && (node?.automationCondition || search.check) ? (
        <AutomationPanel path={path} check={search.check} />
      ) : null}
      {tab === "checks" && node ? <AssetChecksPanel path={path} /> : null}
      {tab === "lineage" && graph ? (
        <Suspense fallback={<SkeletonRows />}>
          <Neighbourhood id={id} graph={graph} />
        </Suspense>
      ) : null}
    </div>
  );
}

function Owners({ owners }: { owners: AssetDefinition["owners"] }) {
  return owners.map((owner) => {
    const name = owner.__typename === "UserAssetOwner" ? owner.email : owner.team;
    return (
      <span key={name} className="chip">
        <IconUser size={12} />
        {name}
      </span>
    );
  });
}

function PlotsTab({ history, partitioned }: { history: AssetHistory; partitioned: boolean }) {
  const [over, setOver] = useState<"time" | "partition">("time");
  const navigate = useNavigate();
  const series = useMemo(
    () => seriesOf([...history.assetMaterializations, ...history.assetObservations]),
    [history],
  );
  if (series.length === 0) {
    return (
      <div className="panel">
        <Empty
          icon={<IconChartLine size={28} />}
          title="No numeric metadata yet"
          code={`export const orders = asset("orders", ({ metadata }) => {\n  const rows = load();\n  metadata({ rows: rows.length, "mean total": mean(rows) });\n  return rows;\n});`}
        >
          Every number that a materialization carries is drawn here over time
          {partitioned ? " and by partition" : ""}.{" "}
          <button type="button" className="link-button" onClick={() => void navigate({ to: "/assets" })}>
            All assets
          </button>
        </Empty>
      </div>
    );
  }
  return (
    <Panel
      title="Numeric metadata"
      count={series.length}
      padded
      actions={
        partitioned ? (
          <SegmentedControl
            aria-label="Over"
            value={over}
            onChange={(v) => setOver(v as typeof over)}
            data={[
              { value: "time", label: "Over time" },
              { value: "partition", label: "By partition" },
            ]}
          />
        ) : null
      }
    >
      <Plots series={series} over={over} />
    </Panel>
  );
}
