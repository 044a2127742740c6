import { Popover } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { TimeAgo } from "../design/Time.tsx";
import { type EvaluationNodeParts, TruePartitions } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import "./automation.css";

interface Props {
  /** The asset whose partitions can be asked for; null for a check, of which they cannot. */
  path: string[] | null;
  evaluationId: string;
  nodes: readonly EvaluationNodeParts[];
  root: string;
}

/** What each part of a condition was true for. Parts that are not asked any more, since nothing is left, are faint. */
export function ConditionTree({ path, evaluationId, nodes, root }: Props) {
  const byId = useMemo(() => new Map(nodes.map((node) => [node.uniqueId, node])), [nodes]);
  // What has a name says enough at first.
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const isClosed = ({ uniqueId, userLabel }: EvaluationNodeParts) =>
    (userLabel !== null && uniqueId !== root) !== toggled.has(uniqueId);
  const rows: { node: EvaluationNodeParts; depth: number }[] = [];
  const walk = (id: string, depth: number) => {
    const node = byId.get(id);
    if (!node) return;
    rows.push({ node, depth });
    if (!isClosed(node)) for (const child of node.childUniqueIds) walk(child, depth + 1);
  };
  walk(root, 0);
  const toggle = (id: string) => {
    const next = new Set(toggled);
    if (!next.delete(id)) next.add(id);
    setToggled(next);
  };
  return (
    <div className="scroll-x">
      <table className="grid condition-tree">
        <thead>
          <tr>
            <th>Condition</th>
            <th>Result</th>
            <th className="num">True of</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ node, depth }) => (
            <tr key={node.uniqueId} className={node.numCandidates === 0 ? "unasked" : ""}>
              <td>
                <span className="condition-name" style={{ paddingLeft: depth * 18 }}>
                  {node.childUniqueIds.length > 0 ? (
                    <button
                      type="button"
                      className="fold"
                      aria-expanded={!isClosed(node)}
                      aria-label={`Parts of ${nameOf(node)}`}
                      onClick={() => toggle(node.uniqueId)}
                    >
                      {isClosed(node) ? <IconChevronRight size={14} /> : <IconChevronDown size={14} />}
                    </button>
                  ) : (
                    <span className="fold" />
                  )}
                  <span className="what" title={node.expandedLabel.join(" ")}>
                    {nameOf(node)}
                  </span>
                  <Hint node={node} />
                </span>
              </td>
              <td>
                <Outcome node={node} />
              </td>
              <td className="num">
                {node.isPartitioned && (node.numTrue ?? 0) > 0 && path === null ? (
                  `${node.numTrue} of ${node.numCandidates}`
                ) : node.isPartitioned && (node.numTrue ?? 0) > 0 && path !== null ? (
                  <Partitions path={path} evaluationId={evaluationId} node={node} />
                ) : node.isPartitioned && (node.numCandidates ?? 0) > 0 ? (
                  `0 of ${node.numCandidates}`
                ) : (
                  ""
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const WORDS: Record<string, string> = {
  AND: "All of",
  OR: "Any of",
  NOT: "Not",
  SINCE: "Since",
  NEWLY_TRUE: "Newly true",
  ANY_DEPS_MATCH: "Any dependency",
  ALL_DEPS_MATCH: "All dependencies",
  ANY_CHECKS_MATCH: "Any check",
  ALL_CHECKS_MATCH: "All checks",
};

/** The label, or what the node is in words; names of operands as they are written in code. */
function nameOf(node: EvaluationNodeParts): string {
  if (node.userLabel) return node.userLabel;
  const [first = "", second = ""] = node.expandedLabel;
  if (node.expandedLabel.length === 1) return WORDS[first] ?? first;
  if (second === "AND" || second === "OR" || second === "SINCE") return WORDS[second] ?? second;
  const word = /^[A-Z_]+/.exec(first)?.[0] ?? "";
  return WORDS[word] ? first.replace(word, WORDS[word]) : first;
}

function Hint({ node }: { node: EvaluationNodeParts }) {
  const since = node.sinceMetadata;
  if (!since) return null;
  return (
    <span className="faint hint">
      {since.triggerTimestamp ? (
        <>
          true <TimeAgo at={since.triggerTimestamp * 1000} />
        </>
      ) : (
        "never true"
      )}
      {since.resetTimestamp ? (
        <>
          , reset <TimeAgo at={since.resetTimestamp * 1000} />
        </>
      ) : null}
    </span>
  );
}

function Outcome({ node }: { node: EvaluationNodeParts }) {
  const [sure, all] = [node.numTrue ?? 0, node.numCandidates ?? 0];
  if (all === 0 && sure === 0) return <span className="faint">not asked</span>;
  if (sure === 0) return <span className="outcome tone-none">False</span>;
  // A `since` is asked of everything, whatever is left.
  return (
    <span className={`outcome ${sure < all ? "tone-warn" : "tone-ok"}`}>
      {sure < all ? "Partly true" : "True"}
    </span>
  );
}

/** How many, and which when it is opened. */
function Partitions({
  path,
  evaluationId,
  node,
}: {
  path: string[];
  evaluationId: string;
  node: EvaluationNodeParts;
}) {
  const [open, setOpen] = useState(false);
  const [sure, all] = [node.numTrue ?? 0, node.numCandidates ?? 0];
  const query = useGraphQL(
    TruePartitions,
    useMemo(
      () => ({ key: { path }, evaluation: evaluationId, node: node.uniqueId }),
      [path, evaluationId, node.uniqueId],
    ),
    { enabled: open },
  );
  const keys = query.data?.truePartitionsForAutomationConditionEvaluationNode ?? [];
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" withArrow>
      <Popover.Target>
        <button type="button" className="link-button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {sure > all ? sure : `${sure} of ${all}`}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <div className="condition-keys mono">
          {keys.length > 0 ? keys.slice(0, 200).map((key) => <div key={key}>{key}</div>) : null}
          {keys.length > 200 ? <div className="faint">and {keys.length - 200} more</div> : null}
          {query.data && keys.length === 0 ? <span className="faint">too many to keep</span> : null}
          {query.isPending ? <span className="faint">…</span> : null}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
