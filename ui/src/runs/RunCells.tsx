import { Link } from "@tanstack/react-router";
import { Copyable } from "../design/Copyable.tsx";
import { RunBadge } from "../design/Status.tsx";
import { Duration, TimeAgo } from "../design/Time.tsx";
import type { RunRow } from "../graphql/generated/operations.ts";
import { runTitle, tagLabel, visibleTags } from "./run-list.ts";

/** The cells of one run in a list. */
export function RunCells({
  run,
  onTag,
}: {
  run: RunRow;
  onTag?: (tag: { key: string; value: string }) => void;
}) {
  return (
    <>
      <span role="cell" className="c-id">
        <Link to="/runs/$runId" params={{ runId: run.runId }} className="mono">
          {run.runId.slice(0, 8)}
        </Link>
        <Copyable value={run.runId} label="run id" bare />
      </span>
      <span role="cell" className="truncate">
        <Link to="/runs/$runId" params={{ runId: run.runId }} className="asset-link" title={runTitle(run)}>
          {runTitle(run)}
        </Link>
      </span>
      <span role="cell">
        <RunBadge status={run.status} />
      </span>
      <span role="cell" className="tags c-tags">
        {visibleTags(run.tags)
          .slice(0, 3)
          .map((tag) =>
            onTag ? (
              <button
                key={tag.key}
                type="button"
                className="chip"
                title={`Only ${tag.key}=${tag.value}`}
                onClick={() => onTag(tag)}
              >
                {tagLabel(tag)}
              </button>
            ) : (
              <span key={tag.key} className="chip">
                {tagLabel(tag)}
              </span>
            ),
          )}
      </span>
      <span role="cell" className="dim">
        <TimeAgo at={run.creationTime * 1000} />
      </span>
      <span role="cell" className="dim c-dur">
        <Duration
          start={run.startTime === null ? null : run.startTime * 1000}
          end={
            run.endTime === null
              ? run.status === "STARTED" || run.status === "CANCELING"
                ? null
                : (run.updateTime ?? run.creationTime) * 1000
              : run.endTime * 1000
          }
        />
      </span>
    </>
  );
}

/** A short list of runs, without choosing or paging. */
export function RunList({ runs }: { runs: readonly RunRow[] }) {
  return (
    <div className="run-compact" role="table" aria-label="Runs">
      {runs.map((run) => (
        <div role="row" className="run-row flat" key={run.runId}>
          <RunCells run={run} />
        </div>
      ))}
    </div>
  );
}
