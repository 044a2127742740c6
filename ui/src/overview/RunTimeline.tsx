import { Tooltip } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useNow } from "../design/now.ts";
import { isLive, runLabel, runTone } from "../design/Status.tsx";
import { axisStep, formatAbsolute, formatDuration } from "../design/time.ts";
import type { RunRow } from "../graphql/generated/operations.ts";
import { runTitle } from "../runs/run-list.ts";
import { timelineLayout } from "./timeline-layout.ts";

const LANE = 14;

/** Runs of each job on a time axis that ends now. */
export function RunTimeline({ runs, hours }: { runs: readonly RunRow[]; hours: number }) {
  const navigate = useNavigate();
  const now = useNow();
  const { ref, width: full } = useElementSize();
  const labels = full > 640 ? 180 : 96;
  const width = Math.max(60, full - labels - 16);
  const from = now - hours * 3_600_000;
  const rows = useMemo(() => timelineLayout(runs, { from, to: now, width }), [runs, from, now, width]);
  const step = axisStep(now - from, width / 90);
  const marks: number[] = [];
  // Marks on round local times, not on round distances from now.
  const shift = new Date(now).getTimezoneOffset() * 60_000;
  for (let at = Math.ceil((from - shift) / step) * step + shift; at < now; at += step) marks.push(at);
  const x = (at: number) => ((at - from) / (now - from)) * width;
  return (
    <div ref={ref} className="timeline">
      <div className="timeline-axis" style={{ marginLeft: labels }}>
        {marks
          .filter((at) => x(at) < width - 56)
          .map((at) => (
            <span key={at} style={{ left: x(at) }}>
              {new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })}
            </span>
          ))}
      </div>
      {full > 0
        ? rows.map((row) => {
            const height = row.lanes * (LANE + 2) + 10;
            return (
              <div key={row.key} className="timeline-row" style={{ height }}>
                <span
                  className="timeline-label truncate"
                  style={{ width: labels }}
                  title={`${row.label} · ${row.location}`}
                >
                  {row.job === null ? (
                    <Link
                      to="/runs"
                      search={{ job: "__ASSET_JOB", location: row.location || undefined }}
                      className="asset-link"
                    >
                      {row.label}
                    </Link>
                  ) : (
                    <Link
                      to="/jobs/$location/$job"
                      params={{ location: row.location, job: row.job }}
                      className="asset-link"
                    >
                      {row.label}
                    </Link>
                  )}
                </span>
                <svg width={width} height={height} role="group" aria-label={`Runs of ${row.label}`}>
                  {marks.map((at) => (
                    <line key={at} x1={x(at)} x2={x(at)} y1={0} y2={height} className="mark" />
                  ))}
                  {row.bars.map((bar) => (
                    <Tooltip
                      key={bar.run.runId}
                      label={
                        <>
                          <strong>{runTitle(bar.run)}</strong> · {runLabel(bar.run.status)}
                          <br />
                          {formatAbsolute((bar.run.startTime ?? bar.run.creationTime) * 1000)} ·{" "}
                          {formatDuration(
                            ((bar.run.endTime ?? now / 1000) - (bar.run.startTime ?? bar.run.creationTime)) *
                              1000,
                          )}
                        </>
                      }
                    >
                      <a
                        href={`/runs/${bar.run.runId}`}
                        aria-label={`Run ${bar.run.runId.slice(0, 8)}, ${runLabel(bar.run.status)}`}
                        onClick={(event) => {
                          if (event.metaKey || event.ctrlKey) return;
                          event.preventDefault();
                          void navigate({ to: "/runs/$runId", params: { runId: bar.run.runId } });
                        }}
                      >
                        <rect
                          x={bar.x}
                          y={5 + bar.lane * (LANE + 2)}
                          width={bar.width}
                          height={LANE}
                          rx={3}
                          className={`bar tone-${runTone(bar.run.status)} ${isLive(bar.run.status) ? "pulse" : ""}`}
                        />
                      </a>
                    </Tooltip>
                  ))}
                  <line x1={width - 0.5} x2={width - 0.5} y1={0} y2={height} className="now" />
                </svg>
              </div>
            );
          })
        : null}
    </div>
  );
}
