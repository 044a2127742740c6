import { Link } from "@tanstack/react-router";
import { Badge } from "../design/Status.tsx";
import { Duration, TimeAgo } from "../design/Time.tsx";
import type { BackfillRow } from "../graphql/generated/operations.ts";
import { Progress } from "./Progress.tsx";
import { backfillTitle, isOpen, sharesOf, statusOf } from "./progress.ts";
import "./backfills.css";

export function BackfillList({ backfills }: { backfills: readonly BackfillRow[] }) {
  return (
    <div role="table" aria-label="Backfills">
      {backfills.map((backfill) => {
        const { tone, label } = statusOf(backfill);
        return (
          <div role="row" className="backfill-row" key={backfill.id}>
            <span role="cell" className="truncate">
              <Link to="/backfills/$backfillId" params={{ backfillId: backfill.id }} className="asset-link">
                {backfillTitle(backfill)}
              </Link>
              <span className="faint"> {backfill.id}</span>
            </span>
            <span role="cell">
              <Badge tone={tone} pulse={isOpen(backfill.status) && !backfill.isPaused}>
                {label}
              </Badge>
            </span>
            <span role="cell">
              <Progress shares={sharesOf(backfill)} />
            </span>
            <span role="cell" className="dim">
              <TimeAgo at={backfill.timestamp * 1000} />
            </span>
            <span role="cell" className="dim">
              <Duration
                start={backfill.timestamp * 1000}
                end={backfill.endTimestamp === null ? null : backfill.endTimestamp * 1000}
              />
            </span>
          </div>
        );
      })}
    </div>
  );
}
