import { IconHistory } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { Empty, Problem, SkeletonRows } from "../design/Feedback.tsx";
import { Panel } from "../design/Page.tsx";
import { TimeAgo } from "../design/Time.tsx";
import { Markdown } from "../metadata/Markdown.tsx";
import { MetadataTable } from "../metadata/MetadataTable.tsx";
import { Plots } from "../metadata/Plots.tsx";
import { seriesOf } from "../metadata/series.ts";
import { AssetLink } from "./AssetLink.tsx";
import type { AssetDefinition, AssetHistory } from "./AssetPage.tsx";
import { keyText } from "./key.ts";

const CATEGORY = { CODE: "code", DATA: "data", DEPENDENCIES: "dependencies" };

/** What an asset is and what it last was. */
export function AssetOverview({ node, history }: { node: AssetDefinition; history: AssetHistory | null }) {
  const last = history?.assetMaterializations[0];
  const series = useMemo(
    () =>
      seriesOf(history?.assetMaterializations ?? [])
        .filter((s) => s.points.length > 1)
        .slice(0, 4),
    [history],
  );
  return (
    <div className="cols-main">
      <div className="stack">
        {node.description ? (
          <Panel title="Description" padded>
            <Markdown source={node.description} />
          </Panel>
        ) : null}
        {node.staleCauses.length > 0 ? (
          <Problem
            tone="warn"
            title="Stale: what it was made of has changed"
            next={node.staleCauses.map(({ key, partitionKey, category, reason }) => (
              <span key={`${key.path.join("/")} ${partitionKey} ${reason}`} style={{ display: "block" }}>
                <span className="chip">{CATEGORY[category]}</span>{" "}
                {category === "DATA" ? (
                  <>
                    <AssetLink path={key.path} />
                    {partitionKey ? ` (${partitionKey})` : null}{" "}
                  </>
                ) : null}
                {reason}
              </span>
            ))}
          />
        ) : null}
        <Panel
          title="Latest materialization"
          padded={!!last}
          actions={
            last ? (
              <span className="dim">
                <TimeAgo at={Number(last.timestamp)} /> ·{" "}
                <Link to="/runs/$runId" params={{ runId: last.runId }} className="mono">
                  {last.runId.slice(0, 8)}
                </Link>
                {last.partition ? (
                  <>
                    {" "}
                    · <span className="chip">{last.partition}</span>
                  </>
                ) : null}
              </span>
            ) : null
          }
        >
          {last ? (
            <MetadataTable entries={last.metadataEntries} />
          ) : history ? (
            <Never materializable={node.isMaterializable} />
          ) : (
            <SkeletonRows rows={4} />
          )}
        </Panel>
        {series.length > 0 ? (
          <Panel title="Numbers over time" padded>
            <Plots series={series} over="time" />
          </Panel>
        ) : null}
      </div>
      <div className="stack">
        <Panel title="Definition" padded>
          <dl className="kv">
            <dt>Group</dt>
            <dd>
              <Link to="/assets" search={{ group: [node.groupName] }}>
                {node.groupName}
              </Link>
            </dd>
            <dt>Location</dt>
            <dd>
              <Link to="/deployment/$location" params={{ location: node.repository.location.name }}>
                {node.repository.location.name}
              </Link>
            </dd>
            {node.opName ? (
              <>
                <dt>Op</dt>
                <dd className="mono">{node.opName}</dd>
              </>
            ) : null}
            {node.partitionDefinition ? (
              <>
                <dt>Partitions</dt>
                <dd>{node.partitionDefinition.description}</dd>
              </>
            ) : null}
            {node.backfillPolicy ? (
              <>
                <dt>Backfill</dt>
                <dd>{node.backfillPolicy.description}</dd>
              </>
            ) : null}
            <dt>Jobs</dt>
            <dd className="row wrap">
              {node.jobNames
                .filter((j) => !j.startsWith("__"))
                .map((job) => (
                  <Link
                    key={job}
                    className="chip"
                    to="/jobs/$location/$job"
                    params={{ location: node.repository.location.name, job }}
                  >
                    {job}
                  </Link>
                ))}
              {node.jobNames.every((j) => j.startsWith("__")) ? <span className="faint">none</span> : null}
            </dd>
            {node.requiredResources.length > 0 ? (
              <>
                <dt>Resources</dt>
                <dd className="row wrap">
                  {node.requiredResources.map((r) => (
                    <span key={r.resourceKey} className="chip">
                      {r.resourceKey}
                    </span>
                  ))}
                </dd>
              </>
            ) : null}
            {node.tags.length > 0 ? (
              <>
                <dt>Tags</dt>
                <dd className="row wrap">
                  {node.tags.map((t) => (
                    <span key={t.key} className="chip">
                      {t.value ? `${t.key}=${t.value}` : t.key}
                    </span>
                  ))}
                </dd>
              </>
            ) : null}
          </dl>
        </Panel>
        <Panel title="Lineage" padded>
          <Keys title="Made from" keys={node.dependencyKeys} empty="Nothing upstream" />
          <Keys title="Used by" keys={node.dependedByKeys} empty="Nothing downstream" />
        </Panel>
        {node.metadataEntries.length > 0 ? (
          <Panel title="Definition metadata" padded>
            <MetadataTable entries={node.metadataEntries} />
          </Panel>
        ) : null}
      </div>
    </div>
  );
}

function Never({ materializable }: { materializable: boolean }) {
  if (!materializable)
    return (
      <Empty icon={<IconHistory size={26} />} title="A source asset">
        Something else makes it; here it is only read.
      </Empty>
    );
  return (
    <Empty
      icon={<IconHistory size={26} />}
      title="Never materialized"
      code={`asset("orders", ({ metadata }) => {\n  const rows = load();\n  metadata({ rows: rows.length });\n  return rows;\n});`}
    >
      Materialize it to see what it produced. Metadata that your code adds appears here and, when numeric, as
      a plot.
    </Empty>
  );
}

function Keys({
  title,
  keys,
  empty,
}: {
  title: string;
  keys: ReadonlyArray<{ path: readonly string[] }>;
  empty: string;
}) {
  return (
    <div className="stack tight" style={{ marginBottom: 12 }}>
      <span className="faint">{title}</span>
      {keys.length === 0 ? <span className="dim">{empty}</span> : null}
      {keys.slice(0, 12).map((key) => (
        <AssetLink key={keyText(key.path)} path={key.path} />
      ))}
      {keys.length > 12 ? <span className="faint">and {keys.length - 12} more</span> : null}
    </div>
  );
}
