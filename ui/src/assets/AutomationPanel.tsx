import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { AutomationRow } from "../automation/AutomationRow.tsx";
import { countOf } from "../design/count.ts";
import { Empty, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { Panel } from "../design/Page.tsx";
import { Badge } from "../design/Status.tsx";
import { TimeAgo } from "../design/Time.tsx";
import { AssetAutomation } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { ConditionTree } from "./ConditionTree.tsx";

/** The automation condition of an asset, or of a check of it: who evaluates it, and why it requested something or not. */
export function AutomationPanel({ path, check }: { path: string[]; check?: string | undefined }) {
  const query = useGraphQL(
    AssetAutomation,
    useMemo(
      () => ({
        key: { path },
        check: check === undefined ? null : { assetKey: { path }, name: check },
        limit: 50,
      }),
      [path, check],
    ),
    { every: 5000 },
  );
  const { at } = useSearch({ from: "/assets/$" });
  const navigate = useNavigate({ from: "/assets/$" });
  if (query.error && !query.data) return <QueryProblem error={query.error} retry={query.refetch} />;
  if (!query.data) return <SkeletonRows rows={8} />;
  const { assetNodeOrError: node, assetConditionEvaluationRecordsOrError: found } = query.data;
  const records = found?.__typename === "AssetConditionEvaluationRecords" ? found.records : [];
  const sensor =
    node.__typename === "AssetNode"
      ? node.targetingInstigators.find((i) => i.__typename === "Sensor" && i.sensorType === "AUTOMATION")
      : undefined;
  const chosen = records.find((record) => record.evaluationId === at) ?? records[0];
  return (
    <div className="stack">
      {node.__typename === "AssetNode" && sensor?.__typename === "Sensor" ? (
        <Panel title="Evaluated by">
          <AutomationRow location={node.repository.location.name} of={sensor} />
        </Panel>
      ) : null}
      {records.length === 0 || !chosen ? (
        <div className="panel">
          <Empty title={check === undefined ? "Not evaluated yet" : `Check ${check} is not evaluated yet`}>
            Switch the sensor on. Each evaluation that requests something, or differs from the one before, is
            kept here with what was true.
          </Empty>
        </div>
      ) : (
        <div className="evaluations">
          <Panel title="Evaluations" count={records.length}>
            <ul className="evaluation-list">
              {records.map((record) => (
                <li key={record.id}>
                  <button
                    type="button"
                    className={record === chosen ? "chosen" : ""}
                    aria-current={record === chosen ? "true" : undefined}
                    onClick={() =>
                      void navigate({
                        search: (old) => ({ ...old, at: record.evaluationId }),
                        replace: true,
                      })
                    }
                  >
                    <Badge tone={record.numRequested ? "ok" : "none"}>
                      {record.numRequested ? `${record.numRequested} requested` : "None requested"}
                    </Badge>
                    <span className="faint">
                      <TimeAgo at={record.timestamp * 1000} />
                    </span>
                  </button>
                </li>
              ))}
            </ul>
          </Panel>
          <Panel
            title={`Evaluation ${chosen.evaluationId}${check === undefined ? "" : ` of check ${check}`}`}
            actions={
              <span className="row wrap">
                {chosen.runIds.slice(0, 5).map((runId) => (
                  <Link key={runId} to="/runs/$runId" params={{ runId }} className="mono">
                    run {runId.slice(0, 8)}
                  </Link>
                ))}
                {chosen.runIds.length > 5 ? (
                  <span className="faint">+{countOf(chosen.runIds.length - 5, "run")}</span>
                ) : null}
              </span>
            }
          >
            <ConditionTree
              path={check === undefined ? path : null}
              evaluationId={chosen.evaluationId}
              nodes={chosen.evaluationNodes}
              root={chosen.rootUniqueId}
            />
          </Panel>
        </div>
      )}
    </div>
  );
}
