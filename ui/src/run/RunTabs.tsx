import { lazy, Suspense } from "react";
import { AssetLink } from "../assets/AssetLink.tsx";
import { Copyable } from "../design/Copyable.tsx";
import { Empty, SkeletonRows } from "../design/Feedback.tsx";
import { Panel } from "../design/Page.tsx";
import { TimeAgo } from "../design/Time.tsx";
import { MetadataTable } from "../metadata/MetadataTable.tsx";
import type { EventStore } from "./event-store.ts";
import type { Run } from "./RunPage.tsx";

const ConfigEditor = lazy(() => import("../config-editor/ConfigEditor.tsx"));

export function ConfigTab({ run, tags }: { run: Run; tags: Run["tags"] }) {
  return (
    <div className="cols-2" style={{ paddingBottom: 24 }}>
      <Panel
        title="Run config"
        padded
        actions={
          <Copyable value={run.runConfigYaml} label="config">
            Copy
          </Copyable>
        }
      >
        {run.runConfigYaml.trim() === "" || run.runConfigYaml.trim() === "{}" ? (
          <span className="faint">This run has no config; every value is its default.</span>
        ) : (
          <Suspense fallback={<SkeletonRows rows={3} />}>
            <ConfigEditor value={run.runConfigYaml} schema={null} readOnly height={320} />
          </Suspense>
        )}
      </Panel>
      <Panel title="Tags" count={tags.length} padded>
        <dl className="kv">
          {tags.map((tag) => (
            <div key={tag.key} style={{ display: "contents" }}>
              <dt className="mono">{tag.key}</dt>
              <dd>
                <Copyable value={tag.value} label="tag value" />
              </dd>
            </div>
          ))}
        </dl>
        {tags.length === 0 ? <span className="faint">No tags</span> : null}
      </Panel>
    </div>
  );
}

/** What the run materialized, and what it meant to.*/
export function AssetsTab({ run, store }: { run: Run; store: EventStore }) {
  const made = store.events.flatMap((event) => (event.__typename === "MaterializationEvent" ? [event] : []));
  const names = new Set(made.map((event) => event.assetKey?.path.join("/")));
  const missing = run.assets.filter((asset) => !names.has(asset.key.path.join("/")));
  if (made.length + missing.length === 0)
    return (
      <div className="panel">
        <Empty title="This run made no assets">
          Assets that it materializes are listed here with their metadata.
        </Empty>
      </div>
    );
  return (
    <div className="stack" style={{ paddingBottom: 24 }}>
      {made.map((event) => (
        <Panel
          key={`${event.assetKey?.path.join("/")}:${event.partition}:${event.timestamp}`}
          label="Materialization"
          title={
            <span className="row wrap free">
              {event.assetKey ? <AssetLink path={event.assetKey.path} /> : "?"}
              {event.partition ? <span className="chip">{event.partition}</span> : null}
            </span>
          }
          padded
          actions={
            <span className="dim">
              <TimeAgo at={Number(event.timestamp)} />
            </span>
          }
        >
          <MetadataTable entries={event.metadataEntries} />
        </Panel>
      ))}
      {missing.length > 0 ? (
        <Panel title="Planned, not made" count={missing.length} padded>
          <div className="row wrap">
            {missing.map((asset) => (
              <span key={asset.id} className="chip">
                <AssetLink path={asset.key.path} />
              </span>
            ))}
          </div>
        </Panel>
      ) : null}
    </div>
  );
}
