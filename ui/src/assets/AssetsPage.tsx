import { Button, Checkbox } from "@mantine/core";
import { IconSitemap, IconSparkles } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useMemo, useRef, useState } from "react";
import { countOf } from "../design/count.ts";
import { Empty, Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { PageHead } from "../design/Page.tsx";
import { Dot } from "../design/Status.tsx";
import { TimeAgo } from "../design/Time.tsx";
import { AssetSparks } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { MaterializeButton } from "../launch/MaterializeButton.tsx";
import { AssetFilterBar } from "./AssetFilterBar.tsx";
import { AssetLink } from "./AssetLink.tsx";
import { type AssetEntry, useAssetGraph } from "./asset-graph.ts";
import { type AssetFilters, filterAssets } from "./filter.ts";
import { Kinds } from "./Kinds.tsx";
import { keyText } from "./key.ts";
import { assetState, type LatestInfo, type PartitionCounts, useLatest } from "./latest.ts";
import { Sparkline, sparkOf } from "./Sparkline.tsx";

const ROW = 44;

export function AssetsPage() {
  const { graph, query, refused } = useAssetGraph();
  const search = useSearch({ from: "/assets/" });
  const navigate = useNavigate({ from: "/assets/" });
  const { shown, error } = useMemo(
    () => (graph ? filterAssets(graph, search) : { shown: [], error: null }),
    [graph, search],
  );
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const change = useCallback(
    (patch: AssetFilters) =>
      void navigate({ search: (old) => ({ ...old, ...patch }) as typeof old, replace: true }),
    [navigate],
  );
  const chosen = shown.filter((node) => picked.has(node.id));
  return (
    <div className="page fill">
      <PageHead
        title="Assets"
        name="Assets"
        sub={
          graph
            ? `${graph.nodes.length.toLocaleString()} in ${countOf(graph.groups.length, "group")}`
            : undefined
        }
        actions={
          <>
            <Button
              variant="default"
              leftSection={<IconSitemap size={15} />}
              renderRoot={(props) => <Link to="/lineage" search={search} {...props} />}
            >
              Lineage
            </Button>
            {graph && graph.nodes.length > 0 ? (
              <MaterializeButton assets={chosen.length > 0 ? chosen : shown} some={chosen.length > 0} />
            ) : null}
          </>
        }
      />
      {query.error && !graph ? <QueryProblem error={query.error} retry={query.refetch} /> : null}
      {refused ? (
        <Problem title={refused} next="Look at Deployment: a code location may have failed to load." />
      ) : null}
      {graph && graph.nodes.length === 0 && !refused ? <NoAssets /> : null}
      {graph && graph.nodes.length > 0 ? (
        <>
          <div className="toolbar">
            <AssetFilterBar graph={graph} filters={search} error={error} onChange={change} />
          </div>
          <AssetTable
            rows={shown}
            picked={picked}
            onPick={setPicked}
            onClear={() =>
              change({
                q: undefined,
                select: undefined,
                group: undefined,
                kind: undefined,
                location: undefined,
              })
            }
          />
        </>
      ) : null}
      {query.isPending ? (
        <div className="panel">
          <SkeletonRows rows={10} height={ROW} />
        </div>
      ) : null}
    </div>
  );
}

function AssetTable({
  rows,
  picked,
  onPick,
  onClear,
}: {
  rows: AssetEntry[];
  picked: ReadonlySet<string>;
  onPick: (ids: ReadonlySet<string>) => void;
  onClear: () => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  // Whole pages of 25, so that scrolling by a row does not ask again.
  const first = Math.floor((items[0]?.index ?? 0) / 25) * 25;
  const last = Math.ceil(((items.at(-1)?.index ?? 0) + 1) / 25) * 25;
  const visible = useMemo(() => rows.slice(first, last), [rows, first, last]);
  const paths = useMemo(() => visible.map((row) => row.path), [visible]);
  const latest = useLatest(paths);
  const sparkVariables = useMemo(() => ({ keys: paths.map((path) => ({ path })) }), [paths]);
  const sparks = useGraphQL(AssetSparks, sparkVariables, { every: 15_000, enabled: paths.length > 0 });
  const extra = useMemo(
    () => new Map(sparks.data?.assetNodes.map((node) => [keyText(node.assetKey.path), node])),
    [sparks.data],
  );
  const all = rows.length > 0 && rows.every((row) => picked.has(row.id));
  const toggle = (id: string) => {
    const next = new Set(picked);
    if (!next.delete(id)) next.add(id);
    onPick(next);
  };
  return (
    <div className="panel asset-table" role="table" aria-label="Assets" aria-rowcount={rows.length}>
      <div role="row" className="asset-row head">
        <span role="columnheader">
          <Checkbox
            size="xs"
            aria-label="Choose all shown"
            checked={all}
            indeterminate={!all && rows.some((r) => picked.has(r.id))}
            onChange={() => onPick(all ? new Set() : new Set(rows.map((r) => r.id)))}
          />
        </span>
        <span role="columnheader">Asset</span>
        <span role="columnheader" className="c-kinds">
          Kinds
        </span>
        <span role="columnheader" className="c-group">
          Group
        </span>
        <span role="columnheader" className="c-state">
          State
        </span>
        <span role="columnheader" className="c-time">
          Materialized
        </span>
        <span role="columnheader" className="c-spark">
          Trend
        </span>
      </div>
      <div className="asset-scroll" ref={scroller}>
        {rows.length === 0 ? (
          <Empty
            title="No asset passes these filters"
            action={
              <Button variant="default" onClick={onClear}>
                Clear filters
              </Button>
            }
          />
        ) : null}
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => {
            const row = rows[item.index];
            return row ? (
              <Row
                key={row.id}
                row={row}
                top={item.start}
                latest={latest.get(row.id)}
                extra={extra.get(row.id)}
                picked={picked.has(row.id)}
                onToggle={() => toggle(row.id)}
              />
            ) : null;
          })}
        </div>
      </div>
    </div>
  );
}

type Extra = {
  readonly assetMaterializations: Parameters<typeof sparkOf>[0];
  readonly partitionStats: PartitionCounts | null;
};

function Row({
  row,
  top,
  latest,
  extra,
  picked,
  onToggle,
}: {
  row: AssetEntry;
  top: number;
  latest: LatestInfo | undefined;
  extra: Extra | undefined;
  picked: boolean;
  onToggle: () => void;
}) {
  const parts = row.partitioned ? extra?.partitionStats : null;
  const state = assetState(latest, row.materializable, parts);
  const spark = extra ? sparkOf(extra.assetMaterializations) : null;
  return (
    <div
      role="row"
      className="asset-row"
      style={{ transform: `translateY(${top}px)` }}
      aria-selected={picked}
    >
      <span role="cell">
        <Checkbox
          size="xs"
          checked={picked}
          onChange={onToggle}
          aria-label={`Choose ${row.id}`}
          disabled={!row.materializable}
        />
      </span>
      <span role="cell" className="truncate row">
        <Dot
          tone={state.tone}
          label={state.label || "Loading"}
          pulse={state.live}
          hollow={state.at === null && state.tone === "none"}
        />
        <AssetLink path={row.path} />
      </span>
      <span role="cell" className="c-kinds truncate row">
        <Kinds kinds={row.kinds} />
      </span>
      <span role="cell" className="c-group truncate">
        <Link to="/assets" search={{ group: [row.group] }} className="dim">
          {row.group}
        </Link>
      </span>
      <span role="cell" className="c-state truncate">
        {state.runId && (state.live || state.tone === "fail") ? (
          <Link to="/runs/$runId" params={{ runId: state.runId }}>
            {state.label}
          </Link>
        ) : (
          <span className="dim">{state.label}</span>
        )}
      </span>
      <span role="cell" className="c-time dim">
        <TimeAgo at={state.at} />
      </span>
      <span role="cell" className="c-spark">
        {spark ? <Sparkline values={spark.values} label={spark.label} /> : null}
      </span>
    </div>
  );
}

export function NoAssets() {
  return (
    <div className="panel">
      <Empty
        icon={<IconSparkles size={30} />}
        title="No assets yet"
        code={`import { asset, Definitions } from "@dagster-operator/sdk";\n\nconst orders = asset("orders", () => [{ id: 1, total: 12.5 }]);\n\nexport default new Definitions({ assets: [orders] });`}
      >
        An asset is a table, file or model that your code knows how to make. Put this in{" "}
        <code>definitions.ts</code> and start <code>dagsterctl dev -f definitions.ts</code>; a saved change
        shows up here by itself.
      </Empty>
    </div>
  );
}
