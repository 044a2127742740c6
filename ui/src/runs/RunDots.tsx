import { Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { isLive, runLabel, runTone } from "../design/Status.tsx";
import { formatAbsolute } from "../design/time.ts";
import type { RunRow } from "../graphql/generated/operations.ts";

/** The last runs of a job as small bars, oldest left. */
export function RunDots({ runs, max = 12 }: { runs: readonly RunRow[]; max?: number }) {
  if (runs.length === 0) return <span className="faint">–</span>;
  return (
    <span className="run-dots">
      {[...runs.slice(0, max)].reverse().map((run) => (
        <Tooltip
          key={run.runId}
          label={`${runLabel(run.status)} · ${formatAbsolute(run.creationTime * 1000)}`}
        >
          <Link
            to="/runs/$runId"
            params={{ runId: run.runId }}
            className={`tone-${runTone(run.status)} ${isLive(run.status) ? "pulse" : ""}`}
            aria-label={`Run ${run.runId.slice(0, 8)}: ${runLabel(run.status)}`}
          />
        </Tooltip>
      ))}
    </span>
  );
}
