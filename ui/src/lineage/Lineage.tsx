import "@xyflow/react/dist/style.css";
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconArrowsMinimize, IconFoldDown, IconFoldUp, IconMinus, IconPlus } from "@tabler/icons-react";
import { ReactFlow, ReactFlowProvider, useReactFlow, useStore } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef } from "react";
import type { AssetEntry } from "../assets/asset-graph.ts";
import { assetState, useLatest } from "../assets/latest.ts";
import { Problem } from "../design/Feedback.tsx";
import type { Tone } from "../design/Status.tsx";
import { GraphCanvas } from "./GraphCanvas.tsx";
import { type GroupBox, groupId, type Layout, type LayoutInput } from "./layout.ts";
import { type AssetNodeType, type GroupNodeType, nodeTypes } from "./nodes.tsx";
import { PAINT_BELOW } from "./paint.ts";
import { useLayout } from "./use-layout.ts";
import { BoxIndex, screenRect } from "./viewport.ts";

interface Props {
  readonly assets: readonly AssetEntry[];
  readonly byId: ReadonlyMap<string, AssetEntry>;
  readonly collapsed: readonly string[];
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (ids: ReadonlySet<string>) => void;
  readonly onCollapse: (groups: readonly string[]) => void;
  /** False when the nodes are ops, which have no state of their own. */
  readonly statuses?: boolean;
}

/** The lineage graph: only what is on the screen is mounted, edges and far views are painted. */
export function Lineage(props: Props) {
  return (
    <ReactFlowProvider>
      <Inner {...props} />
    </ReactFlowProvider>
  );
}

function Inner({ assets, byId, collapsed, selected, onSelect, onCollapse, statuses = true }: Props) {
  const input = useMemo<LayoutInput>(() => {
    const here = new Set(assets.map((asset) => asset.id));
    return {
      nodes: assets.map(({ id, group }) => ({ id, group })),
      edges: assets.flatMap((asset) =>
        asset.upstream.filter((up) => here.has(up)).map((from) => ({ from, to: asset.id })),
      ),
      collapsed,
    };
  }, [assets, collapsed]);
  const { layout, busy, error } = useLayout(input);
  const bright = useMemo(() => (selected.size > 0 ? neighbours(selected, byId) : null), [selected, byId]);
  if (error)
    return (
      <Problem
        title={`The graph could not be laid out: ${error.message}`}
        stack={error.stack}
        next="Narrow the selection, or use the list of assets."
      />
    );
  const groups = [...new Set(assets.map((a) => a.group))].filter((group) => group !== "");
  return (
    <>
      {busy ? (
        <output className="lineage-note">
          <span className="dot pulse tone-run" /> Laying out {assets.length.toLocaleString()} assets…
        </output>
      ) : null}
      {layout ? (
        <Flow
          layout={layout}
          byId={byId}
          bright={bright}
          selected={selected}
          onSelect={onSelect}
          collapsed={collapsed}
          onCollapse={onCollapse}
          groups={groups}
          statuses={statuses}
        />
      ) : null}
    </>
  );
}

/** The selected assets, all that they are made of and all that is made of them. */
function neighbours(selected: ReadonlySet<string>, byId: ReadonlyMap<string, AssetEntry>): Set<string> {
  const seen = new Set(selected);
  for (const side of ["upstream", "downstream"] as const) {
    const visited = new Set(selected);
    const queue = [...selected];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      for (const other of byId.get(id)?.[side] ?? []) {
        if (visited.has(other)) continue;
        visited.add(other);
        seen.add(other);
        queue.push(other);
      }
    }
  }
  for (const id of [...seen]) {
    const group = byId.get(id)?.group;
    if (group) seen.add(groupId(group));
  }
  return seen;
}

interface FlowProps {
  readonly layout: Layout;
  readonly byId: ReadonlyMap<string, AssetEntry>;
  readonly bright: ReadonlySet<string> | null;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: Props["onSelect"];
  readonly collapsed: readonly string[];
  readonly onCollapse: Props["onCollapse"];
  readonly groups: readonly string[];
  readonly statuses: boolean;
}

function Flow({
  layout,
  byId,
  bright,
  selected,
  onSelect,
  collapsed,
  onCollapse,
  groups,
  statuses,
}: FlowProps) {
  const flow = useReactFlow();
  const transform = useStore((s) => s.transform);
  const width = useStore((s) => s.width);
  const height = useStore((s) => s.height);
  const index = useMemo(() => new BoxIndex(layout.nodes), [layout]);
  const groupIndex = useMemo(() => new BoxIndex<GroupBox>(layout.groups), [layout]);
  const painted = transform[2] < PAINT_BELOW;

  // What is on the screen, as a key that changes only when it does, so that panning within it mounts nothing.
  const screen = screenRect(transform, width || 1200, height || 800);
  const boxes = painted ? [] : index.within(screen);
  const inView = groupIndex.within(screen).filter((group) => !painted || group.collapsed);
  const key = `${boxes.map((b) => b.id).join("\n")}|${inView.map((g) => g.id).join("\n")}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: key stands for the content of boxes and inView
  const visible = useMemo(() => ({ boxes, groups: inView }), [key, layout]);

  // From afar the colours matter most, so ask for all that is painted, up to what the server answers at ease.
  const far = painted && layout.nodes.length <= 300 ? layout.nodes : painted ? NONE : visible.boxes;
  const paths = useMemo(
    () => (statuses ? far.map((box) => byId.get(box.id)?.path).filter((path) => path !== undefined) : NONE),
    [far, byId, statuses],
  );
  const latest = useLatest(paths);
  const known = useRef(new Map<string, Tone>());
  const tones = useMemo(() => {
    for (const [id, info] of latest)
      known.current.set(id, assetState(info, byId.get(id)?.materializable ?? true).tone);
    return new Map(known.current);
  }, [latest, byId]);

  const onPick = useCallback(
    (id: string, more: boolean) => {
      const next = new Set(more ? selected : []);
      if (more && selected.has(id)) next.delete(id);
      else if (!(selected.size === 1 && selected.has(id) && !more)) next.add(id);
      onSelect(next);
    },
    [selected, onSelect],
  );
  const onToggle = useCallback(
    (group: string) =>
      onCollapse(collapsed.includes(group) ? collapsed.filter((g) => g !== group) : [...collapsed, group]),
    [collapsed, onCollapse],
  );
  const nodes = useMemo(() => {
    const list: (AssetNodeType | GroupNodeType)[] = visible.groups.map((group) => ({
      id: groupId(group.id),
      type: "group-box" as const,
      position: { x: group.x, y: group.y },
      width: group.width,
      height: group.height,
      zIndex: group.collapsed ? 1 : 0,
      data: { group, onToggle },
    }));
    for (const box of visible.boxes) {
      const entry = byId.get(box.id);
      if (!entry) continue;
      list.push({
        id: box.id,
        type: "asset" as const,
        position: { x: box.x, y: box.y },
        width: box.width,
        height: box.height,
        zIndex: 2,
        data: {
          entry,
          state: assetState(latest.get(box.id), entry.materializable),
          selected: selected.has(box.id),
          dimmed: bright !== null && !bright.has(box.id),
          onPick,
        },
      });
    }
    return list;
  }, [visible, byId, latest, selected, bright, onPick, onToggle]);

  const fit = useCallback(
    () =>
      void flow.fitBounds(
        { x: 0, y: 0, width: layout.width, height: layout.height },
        { padding: 0.08, duration: 200 },
      ),
    [flow, layout],
  );
  const fitted = useRef<Layout | null>(null);
  useEffect(() => {
    if (width === 0 || fitted.current === layout) return;
    const first = fitted.current === null;
    fitted.current = layout;
    // A small graph is not blown up beyond its natural size.
    const zoom = Math.min(
      1,
      (width * 0.92) / Math.max(layout.width, 1),
      (height * 0.88) / Math.max(layout.height, 1),
    );
    void flow.setViewport(
      { x: (width - layout.width * zoom) / 2, y: (height - layout.height * zoom) / 2, zoom },
      { duration: first ? 0 : 200 },
    );
  }, [layout, width, height, flow]);

  // Far away there are no elements to click: find the painted node under the pointer.
  const onPaneClick = (event: React.MouseEvent) => {
    if (!painted) return onSelect(new Set());
    const at = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
    const hit = index.within({ ...at, width: 1, height: 1 })[0];
    if (hit) return onPick(hit.id, event.shiftKey || event.metaKey || event.ctrlKey);
    onSelect(new Set());
  };
  return (
    <>
      <GraphCanvas layout={layout} index={index} tones={tones} bright={bright} selected={selected} />
      <ReactFlow
        nodes={nodes}
        edges={NO_EDGES}
        nodeTypes={nodeTypes}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        elementsSelectable={false}
        minZoom={0.01}
        maxZoom={1.6}
        panOnScroll={false}
        onPaneClick={onPaneClick}
        proOptions={{ hideAttribution: true }}
        aria-label="Lineage graph"
      />
      <div className="lineage-tools">
        <Tool
          label="Zoom in"
          onClick={() => void flow.zoomIn({ duration: 150 })}
          icon={<IconPlus size={16} />}
        />
        <Tool
          label="Zoom out"
          onClick={() => void flow.zoomOut({ duration: 150 })}
          icon={<IconMinus size={16} />}
        />
        <Tool label="Fit all" onClick={fit} icon={<IconArrowsMinimize size={16} />} />
        <Tool
          label="Collapse all groups"
          onClick={() => onCollapse(groups)}
          icon={<IconFoldUp size={16} />}
        />
        <Tool label="Open all groups" onClick={() => onCollapse([])} icon={<IconFoldDown size={16} />} />
        <span className="faint tnum" style={{ padding: "0 8px", fontSize: 12 }}>
          {Math.round(transform[2] * 100)}%
        </span>
      </div>
    </>
  );
}

const NO_EDGES: never[] = [];
const NONE: never[] = [];

function Tool({ label, icon, onClick }: { label: string; icon: React.ReactNode; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
