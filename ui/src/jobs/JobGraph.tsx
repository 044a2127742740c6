import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { AssetLink } from "../assets/AssetLink.tsx";
import { useAssetGraph } from "../assets/asset-graph.ts";
import { keyText } from "../assets/key.ts";
import { Empty, SkeletonRows } from "../design/Feedback.tsx";
import { Lineage } from "../lineage/Lineage.tsx";
import type { JobDefinition } from "./JobPage.tsx";
import { opEntries } from "./op-graph.ts";

const NONE: never[] = [];

/** The assets of an asset job, or the ops of an op job. */
export function JobGraph({ job }: { job: JobDefinition }) {
  const { graph } = useAssetGraph();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [collapsed, setCollapsed] = useState<readonly string[]>(NONE);
  const ops = useMemo(() => opEntries(job.solidHandles), [job.solidHandles]);
  const keys = useMemo(
    () =>
      new Set(
        job.solidHandles.flatMap((h) => h.solid.definition.assetNodes.map((n) => keyText(n.assetKey.path))),
      ),
    [job.solidHandles],
  );
  const assets = useMemo(() => graph?.nodes.filter((node) => keys.has(node.id)) ?? [], [graph, keys]);
  const byAsset = job.isAssetJob && keys.size > 0;
  const byId = useMemo(
    () => (byAsset && graph ? graph.byId : new Map(ops.map((op) => [op.id, op]))),
    [byAsset, graph, ops],
  );
  if (byAsset && !graph) return <SkeletonRows rows={8} />;
  const nodes = byAsset ? assets : ops;
  const [one] = [...selected];
  const handle = job.solidHandles.find((h) => h.handleID === one);
  if (nodes.length === 0) return <Empty title="This job has no steps" />;
  return (
    <div className="lineage">
      <Lineage
        assets={nodes}
        byId={byId}
        collapsed={collapsed}
        selected={selected}
        onSelect={setSelected}
        onCollapse={setCollapsed}
        statuses={byAsset}
      />
      {one !== undefined ? (
        <aside className="panel lineage-side" aria-label="Selection">
          <div className="panel-body stack tight">
            {byAsset ? (
              <AssetLink path={graph?.byId.get(one)?.path ?? [one]} />
            ) : (
              <strong className="mono">{one}</strong>
            )}
            {handle?.solid.definition.description ? (
              <span className="dim">{handle.solid.definition.description}</span>
            ) : null}
            {handle && handle.solid.definition.name !== handle.solid.name ? (
              <span className="faint">op {handle.solid.definition.name}</span>
            ) : null}
            {byAsset ? (
              <Link to="/lineage" search={{ at: one }}>
                Show in the whole lineage
              </Link>
            ) : null}
          </div>
        </aside>
      ) : null}
    </div>
  );
}
