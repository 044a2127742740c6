import { SegmentedControl, TextInput, Tooltip } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { Empty, Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { Panel } from "../design/Page.tsx";
import { AssetPartitions } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import type { AssetHistory } from "./AssetPage.tsx";
import { DynamicPartitions } from "./DynamicPartitions.tsx";
import { EventsPanel } from "./EventsPanel.tsx";
import {
  PARTITION_LABEL,
  PARTITION_TONE,
  type PartitionState,
  partitionStates,
  segments,
} from "./partition-status.ts";

/** All partitions of an asset by state, and the events of the chosen one. */
export function PartitionsPanel({
  path,
  history,
}: {
  path: readonly string[];
  history: AssetHistory | null;
}) {
  const query = useGraphQL(
    AssetPartitions,
    useMemo(() => ({ key: { path } }), [path]),
    { every: 5000 },
  );
  const { partition } = useSearch({ from: "/assets/$" });
  const navigate = useNavigate({ from: "/assets/$" });
  const [only, setOnly] = useState<PartitionState | "ALL">("ALL");
  const [q, setQ] = useState("");
  const node = query.data?.assetNodeOrError;
  const states = useMemo(() => (node?.__typename === "AssetNode" ? partitionStates(node) : []), [node]);
  if (query.error && !query.data) return <QueryProblem error={query.error} retry={query.refetch} />;
  if (!node) return <SkeletonRows rows={4} />;
  if (node.__typename !== "AssetNode") return <Problem title={node.message} />;
  const dynamic =
    node.partitionDefinition?.type === "DYNAMIC" && node.partitionDefinition.name ? (
      <DynamicPartitions
        name={node.partitionDefinition.name}
        chosen={partition}
        repository={{
          repositoryName: node.repository.name,
          repositoryLocationName: node.repository.location.name,
        }}
      />
    ) : null;
  if (states.length === 0)
    return (
      <div className="panel">
        <Empty title="No partitions yet">
          {dynamic
            ? "Your code, a sensor or you add them."
            : "A time partition exists once its window is over."}
        </Empty>
        {dynamic ? <div className="panel-body">{dynamic}</div> : null}
      </div>
    );
  const count = (state: PartitionState) => states.filter((s) => s.state === state).length;
  const shown = states.filter((s) => (only === "ALL" || s.state === only) && s.key.includes(q)).reverse();
  const choose = (key: string) =>
    void navigate({
      search: (old) => ({ ...old, partition: old.partition === key ? undefined : key, at: undefined }),
      replace: true,
    });
  return (
    <div className="stack">
      <Panel title="Partitions" count={states.length.toLocaleString()} padded>
        <div
          className="partition-bar"
          role="img"
          aria-label={`${count("MATERIALIZED")} materialized, ${count("FAILED")} failed, ${count("MISSING")} missing`}
        >
          {segments(states).map((s) => (
            <Tooltip
              key={s.first}
              label={`${PARTITION_LABEL[s.state]}: ${s.first}${s.count > 1 ? ` to ${s.last} (${s.count.toLocaleString()})` : ""}`}
            >
              <span
                className={`tone-${PARTITION_TONE[s.state]}`}
                style={{ flex: s.count, background: s.state === "MISSING" ? "transparent" : "var(--tone)" }}
              />
            </Tooltip>
          ))}
        </div>
        <div className="row between faint" style={{ fontSize: 12, marginTop: 4 }}>
          <span>{states[0]?.key}</span>
          <span>{states.at(-1)?.key}</span>
        </div>
        {dynamic ? <div style={{ marginTop: 14 }}>{dynamic}</div> : null}
        <div className="toolbar" style={{ marginTop: 14 }}>
          <SegmentedControl
            aria-label="State"
            value={only}
            onChange={(v) => setOnly(v as typeof only)}
            data={[
              { value: "ALL", label: `All ${states.length.toLocaleString()}` },
              ...(["MATERIALIZED", "FAILED", "MATERIALIZING", "MISSING"] as const)
                .filter((s) => count(s) > 0)
                .map((s) => ({ value: s, label: `${PARTITION_LABEL[s]} ${count(s).toLocaleString()}` })),
            ]}
          />
          <TextInput
            aria-label="Search partitions"
            placeholder="Search partitions"
            value={q}
            onChange={(e) => setQ(e.currentTarget.value)}
          />
        </div>
        <div className="partition-grid">
          {shown.slice(0, 600).map((s) => (
            <button
              key={s.key}
              type="button"
              className={`partition-cell tone-${PARTITION_TONE[s.state]}`}
              aria-pressed={partition === s.key}
              title={PARTITION_LABEL[s.state]}
              onClick={() => choose(s.key)}
            >
              {s.key}
            </button>
          ))}
          {shown.length > 600 ? (
            <span className="faint">and {(shown.length - 600).toLocaleString()} more; search to narrow</span>
          ) : null}
        </div>
      </Panel>
      {partition && history ? <EventsPanel history={history} partition={partition} /> : null}
    </div>
  );
}
