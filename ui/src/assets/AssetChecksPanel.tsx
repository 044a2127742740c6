import { IconChecklist } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { Empty, Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { Panel } from "../design/Page.tsx";
import { Badge, checkTone, Dot } from "../design/Status.tsx";
import { TimeAgo } from "../design/Time.tsx";
import { AssetCheckHistory, AssetChecks, type CheckExecutionParts } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { MetadataTable } from "../metadata/MetadataTable.tsx";
import { keyToUrl } from "./key.ts";

export function AssetChecksPanel({ path }: { path: readonly string[] }) {
  const query = useGraphQL(
    AssetChecks,
    useMemo(() => ({ key: { path } }), [path]),
    { every: 5000 },
  );
  if (query.error && !query.data) return <QueryProblem error={query.error} retry={query.refetch} />;
  const node = query.data?.assetNodeOrError;
  if (!node) return <SkeletonRows rows={4} />;
  if (node.__typename !== "AssetNode") return <Problem title={node.message} />;
  const checks = node.assetChecksOrError;
  if (checks.__typename !== "AssetChecks")
    return <Problem title={"message" in checks ? checks.message : "The checks cannot be read."} />;
  if (checks.checks.length === 0)
    return (
      <div className="panel">
        <Empty
          icon={<IconChecklist size={28} />}
          title="No checks"
          code={`assetCheck("has_rows", { asset: orders }, ({ value }) => ({ passed: value.length > 0 }));`}
        >
          A check looks at an asset after it was made and says whether it is fit for use.
        </Empty>
      </div>
    );
  return (
    <div className="stack">
      {checks.checks.map((check) => (
        <Check key={check.name} path={path} check={check} />
      ))}
    </div>
  );
}

interface CheckRow {
  readonly name: string;
  readonly description: string | null;
  readonly blocking: boolean;
  readonly automationCondition: {
    readonly label: string | null;
    readonly expandedLabel: readonly string[];
  } | null;
  readonly executionForLatestMaterialization: CheckExecutionParts | null;
}

function Check({ path, check }: { path: readonly string[]; check: CheckRow }) {
  const history = useGraphQL(
    AssetCheckHistory,
    useMemo(() => ({ key: { path }, checkName: check.name, limit: 30 }), [path, check.name]),
    { every: 5000 },
  );
  const [chosen, setChosen] = useState<string | null>(null);
  const list = history.data?.assetCheckExecutions ?? [];
  const shown =
    list.find((e) => e.id === chosen) ?? check.executionForLatestMaterialization ?? list[0] ?? null;
  const tone = shown
    ? checkTone(shown.status, shown.evaluation?.severity)
    : { tone: "none" as const, label: "Not run yet" };
  return (
    <Panel
      label={check.name}
      padded
      title={
        <span className="row">
          {check.name} <Badge tone={tone.tone}>{tone.label}</Badge>
          {check.blocking ? (
            <span className="chip" title="A failure stops what is downstream">
              blocking
            </span>
          ) : null}
          {check.automationCondition ? (
            <Link
              to="/assets/$"
              params={{ _splat: keyToUrl(path) }}
              search={{ tab: "automation", check: check.name }}
              className="chip"
              title={`Automation condition: ${check.automationCondition.expandedLabel.join(" ")}`}
            >
              {check.automationCondition.label ?? "automated"}
            </Link>
          ) : null}
        </span>
      }
      actions={
        <span className="row" style={{ gap: 3 }}>
          {[...list].reverse().map((e) => {
            const t = checkTone(e.status, e.evaluation?.severity);
            return (
              <button
                key={e.id}
                type="button"
                className="icon-button"
                style={{ padding: 2 }}
                aria-label={`${t.label} ${new Date(e.timestamp * 1000).toLocaleString()}`}
                aria-pressed={e.id === shown?.id}
                onClick={() => setChosen(e.id)}
              >
                <Dot tone={t.tone} label={t.label} />
              </button>
            );
          })}
        </span>
      }
    >
      {check.description ? (
        <p className="dim" style={{ marginTop: 0 }}>
          {check.description}
        </p>
      ) : null}
      {shown ? (
        <>
          <div className="row dim" style={{ marginBottom: 8 }}>
            <TimeAgo at={shown.timestamp * 1000} /> ·{" "}
            <Link to="/runs/$runId" params={{ runId: shown.runId }} className="mono">
              {shown.runId.slice(0, 8)}
            </Link>
            {shown.partition ? <span className="chip">{shown.partition}</span> : null}
            {shown.evaluation?.description}
          </div>
          {shown.evaluation && shown.evaluation.metadataEntries.length > 0 ? (
            <MetadataTable entries={shown.evaluation.metadataEntries} />
          ) : null}
        </>
      ) : (
        <span className="faint">
          {check.automationCondition
            ? "It runs when its automation condition says so, or with the asset."
            : "It runs when the asset is materialized."}
        </span>
      )}
    </Panel>
  );
}
