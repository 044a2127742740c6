import { SegmentedControl } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Graph } from "../assets/asset-graph.ts";
import { countOf } from "../design/count.ts";
import { select } from "../selection/selection.ts";
import { Lineage } from "./Lineage.tsx";

const NONE: never[] = [];

/** The lineage around one asset, to a chosen depth. */
export function Neighbourhood({ id, graph }: { id: string; graph: Graph }) {
  const [depth, setDepth] = useState("2");
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set([id]));
  const [collapsed, setCollapsed] = useState<readonly string[]>(NONE);
  const around = depth === "all" ? `+"${id}"+` : `${depth}+"${id}"+${depth}`;
  const assets = useMemo(() => {
    const ids = select(around, graph.byId);
    return graph.nodes.filter((node) => ids.has(node.id));
  }, [around, graph]);
  const [other] = [...selected].filter((s) => s !== id);
  return (
    <>
      <div className="toolbar">
        <SegmentedControl
          aria-label="Depth"
          value={depth}
          onChange={setDepth}
          data={[
            { value: "1", label: "1 step" },
            { value: "2", label: "2 steps" },
            { value: "5", label: "5 steps" },
            { value: "all", label: "All" },
          ]}
        />
        <span className="faint">{countOf(assets.length, "asset")}</span>
        <span className="spacer" />
        {other ? (
          <Link
            to="/assets/$"
            params={{ _splat: graph.byId.get(other)?.path.join("/") ?? other }}
            search={{ tab: "lineage" }}
          >
            Open {other}
          </Link>
        ) : null}
        <Link to="/lineage" search={{ select: around, at: id }}>
          Open in lineage
        </Link>
      </div>
      <div className="lineage">
        <Lineage
          assets={assets}
          byId={graph.byId}
          collapsed={collapsed}
          selected={selected}
          onSelect={setSelected}
          onCollapse={setCollapsed}
        />
      </div>
    </>
  );
}
