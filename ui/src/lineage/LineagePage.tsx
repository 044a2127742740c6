import { Button } from "@mantine/core";
import { IconList, IconX } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { AssetFilterBar } from "../assets/AssetFilterBar.tsx";
import { AssetLink } from "../assets/AssetLink.tsx";
import { NoAssets } from "../assets/AssetsPage.tsx";
import { type AssetEntry, useAssetGraph } from "../assets/asset-graph.ts";
import { type AssetFilters, filterAssets } from "../assets/filter.ts";
import { Kinds } from "../assets/Kinds.tsx";
import { keyToUrl } from "../assets/key.ts";
import { assetState, useLatest } from "../assets/latest.ts";
import { Empty, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { PageHead } from "../design/Page.tsx";
import { Badge } from "../design/Status.tsx";
import { TimeAgo } from "../design/Time.tsx";
import { MaterializeButton } from "../launch/MaterializeButton.tsx";
import { isTyping } from "../shell/shortcuts.ts";
import { Lineage } from "./Lineage.tsx";
import { COLLAPSE_LIMIT } from "./layout.ts";

export function LineagePage() {
  const { graph, query } = useAssetGraph();
  const search = useSearch({ from: "/lineage" });
  const navigate = useNavigate({ from: "/lineage" });
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is open or chosen filters nothing
  const { shown, error } = useMemo(
    () => (graph ? filterAssets(graph, search) : { shown: [], error: null }),
    [graph, search.q, search.select, search.group, search.kind, search.location],
  );
  const change = useCallback(
    (patch: AssetFilters) =>
      void navigate({ search: (old) => ({ ...old, ...patch }) as typeof old, replace: true }),
    [navigate],
  );
  const [selected, setSelected] = useState<ReadonlySet<string>>(() => new Set(search.at ? [search.at] : []));
  const groups = useMemo(() => [...new Set(shown.map((node) => node.group))], [shown]);
  const big = shown.length > COLLAPSE_LIMIT;
  const [choice, setChoice] = useState<readonly string[] | null>(null);
  const collapsed = useMemo(() => {
    const there = new Set(groups);
    return (choice ?? (big ? groups : [])).filter((group) => there.has(group));
  }, [choice, big, groups]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !isTyping(event.target) && !document.querySelector("[role=dialog]"))
        setSelected(new Set());
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  const chosen = shown.filter((node) => selected.has(node.id));
  return (
    <div className="page fill">
      <PageHead
        title="Lineage"
        name="Lineage"
        sub={
          graph
            ? `${shown.length.toLocaleString()} of ${graph.nodes.length.toLocaleString()} assets`
            : undefined
        }
        actions={
          <>
            <Button
              variant="default"
              leftSection={<IconList size={15} />}
              renderRoot={(props) => (
                <Link
                  to="/assets"
                  search={{
                    q: search.q,
                    select: search.select,
                    group: search.group,
                    kind: search.kind,
                    location: search.location,
                  }}
                  {...props}
                />
              )}
            >
              List
            </Button>
            {shown.length > 0 ? (
              <MaterializeButton assets={chosen.length > 0 ? chosen : shown} some={chosen.length > 0} />
            ) : null}
          </>
        }
      />
      {query.error && !graph ? <QueryProblem error={query.error} retry={query.refetch} /> : null}
      {graph?.nodes.length === 0 ? <NoAssets /> : null}
      {graph && graph.nodes.length > 0 ? (
        <>
          <div className="toolbar">
            <AssetFilterBar graph={graph} filters={search} error={error} onChange={change} />
          </div>
          <div className="lineage">
            {shown.length === 0 ? (
              <Empty title="No asset passes these filters" />
            ) : (
              <Lineage
                assets={shown}
                byId={graph.byId}
                collapsed={collapsed}
                selected={selected}
                onSelect={setSelected}
                onCollapse={setChoice}
              />
            )}
            {chosen.length > 0 ? <Side chosen={chosen} onClose={() => setSelected(new Set())} /> : null}
          </div>
        </>
      ) : null}
      {query.isPending ? <SkeletonRows rows={10} /> : null}
    </div>
  );
}

function Side({ chosen, onClose }: { chosen: AssetEntry[]; onClose: () => void }) {
  const paths = useMemo(() => chosen.slice(0, 50).map((asset) => asset.path), [chosen]);
  const latest = useLatest(paths);
  const [one] = chosen;
  if (!one) return null;
  const state = assetState(latest.get(one.id), one.materializable);
  return (
    <aside className="panel lineage-side" aria-label="Selection">
      <div className="panel-head">
        <h2 className="truncate">{chosen.length === 1 ? one.path.at(-1) : `${chosen.length} assets`}</h2>
        <span className="spacer" />
        <button type="button" className="icon-button" aria-label="Clear selection" onClick={onClose}>
          <IconX size={15} />
        </button>
      </div>
      <div className="panel-body stack" style={{ gap: 12 }}>
        {chosen.length === 1 ? (
          <>
            <div className="row wrap">
              <Badge tone={state.tone} pulse={state.live}>
                {state.label || "…"}
              </Badge>
              <Kinds kinds={one.kinds} />
            </div>
            <dl className="kv">
              <dt>Key</dt>
              <dd>
                <AssetLink path={one.path} />
              </dd>
              <dt>Group</dt>
              <dd>{one.group}</dd>
              <dt>Materialized</dt>
              <dd>
                <TimeAgo at={state.at} />
              </dd>
              {state.runId ? (
                <>
                  <dt>Run</dt>
                  <dd>
                    <Link to="/runs/$runId" params={{ runId: state.runId }} className="mono">
                      {state.runId.slice(0, 8)}
                    </Link>
                  </dd>
                </>
              ) : null}
              <dt>Upstream</dt>
              <dd className="tnum">{one.upstream.length}</dd>
              <dt>Downstream</dt>
              <dd className="tnum">{one.downstream.length}</dd>
            </dl>
            <Button
              variant="default"
              renderRoot={(props) => (
                <Link to="/assets/$" params={{ _splat: keyToUrl(one.path) }} {...props} />
              )}
            >
              Open asset
            </Button>
          </>
        ) : (
          <div className="stack tight">
            {chosen.slice(0, 20).map((asset) => (
              <AssetLink key={asset.id} path={asset.path} />
            ))}
            {chosen.length > 20 ? <span className="faint">and {chosen.length - 20} more</span> : null}
          </div>
        )}
      </div>
    </aside>
  );
}
