import { IconLink, IconX } from "@tabler/icons-react";
import { AssetLink } from "../assets/AssetLink.tsx";
import { Copyable } from "../design/Copyable.tsx";
import { ServerProblem } from "../design/Feedback.tsx";
import { Badge } from "../design/Status.tsx";
import { formatAbsolute } from "../design/time.ts";
import type { RunEventParts } from "../graphql/generated/operations.ts";
import { MetadataTable } from "../metadata/MetadataTable.tsx";
import { typeOf } from "./event-filter.ts";

/** One event with its metadata, error and stack. */
export function EventDetail({
  event,
  index,
  onClose,
}: {
  event: RunEventParts;
  index: number;
  onClose: () => void;
}) {
  const check = "evaluation" in event ? event.evaluation : null;
  const entries = check ? check.metadataEntries : "metadataEntries" in event ? event.metadataEntries : [];
  return (
    <aside className="event-detail" aria-label="Event">
      <div className="row between">
        <strong className="mono truncate">{typeOf(event)}</strong>
        <span className="row">
          <Copyable value={window.location.href} label={`link to event ${index}`}>
            <IconLink size={15} />
          </Copyable>
          <button type="button" className="icon-button" aria-label="Close event" onClick={onClose}>
            <IconX size={15} />
          </button>
        </span>
      </div>
      <dl className="kv">
        <dt>Time</dt>
        <dd>{formatAbsolute(Number(event.timestamp))}</dd>
        {event.stepKey ? (
          <>
            <dt>Step</dt>
            <dd>
              <Copyable value={event.stepKey} label="step key" />
            </dd>
          </>
        ) : null}
        {"assetKey" in event && event.assetKey ? (
          <>
            <dt>Asset</dt>
            <dd>
              <AssetLink path={event.assetKey.path} />
            </dd>
          </>
        ) : null}
        {"partition" in event && event.partition ? (
          <>
            <dt>Partition</dt>
            <dd>{event.partition}</dd>
          </>
        ) : null}
        {check ? (
          <>
            <dt>Check</dt>
            <dd className="row">
              {check.checkName}{" "}
              <Badge tone={check.success ? "ok" : check.severity === "WARN" ? "warn" : "fail"}>
                {check.success ? "Passed" : "Failed"}
              </Badge>
            </dd>
          </>
        ) : null}
      </dl>
      <div className="event-text">{event.message}</div>
      {"error" in event && event.error ? <ServerProblem error={event.error} /> : null}
      {entries.length > 0 ? <MetadataTable entries={entries} /> : null}
    </aside>
  );
}
