import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import type { Node, NodeProps } from "@xyflow/react";
import type { AssetEntry } from "../assets/asset-graph.ts";
import { Kinds } from "../assets/Kinds.tsx";
import type { AssetState } from "../assets/latest.ts";
import { countOf } from "../design/count.ts";
import { TimeAgo } from "../design/Time.tsx";
import type { GroupBox } from "./layout.ts";

export type AssetNodeType = Node<
  {
    entry: AssetEntry;
    state: AssetState;
    selected: boolean;
    dimmed: boolean;
    onPick: (id: string, more: boolean) => void;
  },
  "asset"
>;
export type GroupNodeType = Node<{ group: GroupBox; onToggle: (group: string) => void }, "group-box">;

function AssetBox({ data }: NodeProps<AssetNodeType>) {
  const { entry, state, selected, dimmed } = data;
  const classes = [
    "lnode",
    "nopan",
    `tone-${state.tone}`,
    selected ? "selected" : "",
    dimmed ? "dimmed" : "",
    entry.materializable ? "" : "source",
  ];
  return (
    <button
      type="button"
      className={classes.join(" ")}
      aria-pressed={selected}
      aria-label={`${entry.id}, ${state.label || "loading"}`}
      title={entry.id}
      onClick={(event) => data.onPick(entry.id, event.shiftKey || event.metaKey || event.ctrlKey)}
    >
      <span className="name truncate">{entry.path.at(-1)}</span>
      <span className="meta">
        {state.live ? <span className="dot pulse" /> : null}
        <span className="truncate">
          {state.at !== null && !state.live && state.tone === "ok" ? <TimeAgo at={state.at} /> : state.label}
        </span>
        {entry.partitioned ? <span title="Partitioned">▤</span> : null}
        <span style={{ flex: 1 }} />
        <Kinds kinds={entry.kinds.slice(0, 2)} />
      </span>
    </button>
  );
}

function GroupNode({ data }: NodeProps<GroupNodeType>) {
  const { group } = data;
  if (group.collapsed) {
    return (
      <button
        type="button"
        className="lgroup closed nopan"
        onClick={() => data.onToggle(group.id)}
        aria-expanded={false}
        aria-label={`Open group ${group.id}, ${countOf(group.count, "asset")}`}
      >
        <span className="name truncate">{group.id}</span>
        <span className="faint row" style={{ gap: 4 }}>
          <IconChevronRight size={13} /> {countOf(group.count, "asset")}
        </span>
      </button>
    );
  }
  return (
    <div className="lgroup">
      <button
        type="button"
        className="label nopan"
        onClick={() => data.onToggle(group.id)}
        aria-expanded
        aria-label={`Collapse group ${group.id}`}
      >
        <IconChevronDown size={13} />
        <span className="truncate">{group.id}</span>
      </button>
    </div>
  );
}

export const nodeTypes = { asset: AssetBox, "group-box": GroupNode };
