import { Link } from "@tanstack/react-router";
import { WhyQueued } from "../graphql/generated/operations.ts";
import { LIVE, useGraphQL } from "../graphql/hooks.ts";
import { heldBackBy } from "./queued.ts";

/** Why a run is in the queue still. */
export function QueuedNote({ runId }: { runId: string }) {
  const { data } = useGraphQL(WhyQueued, { runId }, { every: LIVE });
  const reasons = data ? heldBackBy(data) : [];
  return (
    <p className="dim" style={{ margin: "0 0 12px" }}>
      Waiting in the queue
      {reasons.length > 0 ? `. ${reasons.join(" ")}` : ": it starts as soon as the daemon has room for it."}{" "}
      <Link to="/deployment" search={{ tab: reasons.length > 0 ? "concurrency" : "daemons" }}>
        {reasons.length > 0 ? "Concurrency" : "Daemons"}
      </Link>
    </p>
  );
}
