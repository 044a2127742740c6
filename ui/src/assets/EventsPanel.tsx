import { IconHistory } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { Copyable } from "../design/Copyable.tsx";
import { Empty } from "../design/Feedback.tsx";
import { Badge } from "../design/Status.tsx";
import { TimeAgo } from "../design/Time.tsx";
import { formatAbsolute } from "../design/time.ts";
import { MetadataTable } from "../metadata/MetadataTable.tsx";
import type { AssetHistory } from "./AssetPage.tsx";
import { WipeAsset } from "./WipeAsset.tsx";

/** Materializations and observations, newest first; the chosen one with all its metadata beside. */
export function EventsPanel({ history, partition }: { history: AssetHistory; partition?: string }) {
  const { at } = useSearch({ from: "/assets/$" });
  const navigate = useNavigate({ from: "/assets/$" });
  const events = useMemo(
    () =>
      [...history.assetMaterializations, ...history.assetObservations]
        .filter((event) => partition === undefined || event.partition === partition)
        .sort((a, b) => Number(b.timestamp) - Number(a.timestamp)),
    [history, partition],
  );
  const chosen = events.find((event) => event.timestamp === at) ?? events[0];
  if (!chosen)
    return (
      <div className="panel">
        <Empty icon={<IconHistory size={28} />} title="Nothing happened to this asset yet">
          Materialize it, and each result is listed here with its metadata.
        </Empty>
      </div>
    );
  return (
    <div className="panel events-split">
      <div className="event-list">
        {events.map((event) => (
          <button
            key={`${event.timestamp}:${event.runId}:${event.partition}`}
            type="button"
            aria-current={event === chosen}
            onClick={() =>
              void navigate({ search: (old) => ({ ...old, at: event.timestamp }), replace: true })
            }
          >
            <span className="row between">
              <Badge tone={event.__typename === "ObservationEvent" ? "queue" : "ok"}>
                {event.__typename === "ObservationEvent" ? "Observed" : "Materialized"}
              </Badge>
              <span className="dim">
                <TimeAgo at={Number(event.timestamp)} />
              </span>
            </span>
            {event.partition ? <span className="dim truncate mono">{event.partition}</span> : null}
          </button>
        ))}
      </div>
      <div className="panel-body">
        <dl className="kv" style={{ marginBottom: 12 }}>
          <dt>Time</dt>
          <dd>{formatAbsolute(Number(chosen.timestamp))}</dd>
          <dt>Run</dt>
          <dd className="row">
            <Link to="/runs/$runId" params={{ runId: chosen.runId }}>
              Open run
            </Link>
            <Copyable value={chosen.runId} label="run id" />
          </dd>
          {chosen.stepKey ? (
            <>
              <dt>Step</dt>
              <dd className="mono">{chosen.stepKey}</dd>
            </>
          ) : null}
          {chosen.partition ? (
            <>
              <dt>Partition</dt>
              <dd>
                <Copyable value={chosen.partition} label="partition" />
              </dd>
            </>
          ) : null}
          {chosen.description ? (
            <>
              <dt>Description</dt>
              <dd>{chosen.description}</dd>
            </>
          ) : null}
        </dl>
        <MetadataTable entries={chosen.metadataEntries} />
        <div className="row" style={{ marginTop: 12 }}>
          <WipeAsset path={history.key.path} partition={partition} />
        </div>
      </div>
    </div>
  );
}
