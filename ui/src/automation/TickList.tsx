import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { countOf } from "../design/count.ts";
import { Empty, ServerProblem } from "../design/Feedback.tsx";
import { TickBadge } from "../design/Status.tsx";
import { TimeAgo } from "../design/Time.tsx";
import { formatClock, formatDuration } from "../design/time.ts";
import type { TickRow } from "../graphql/generated/operations.ts";

/** How many ticks a page asks for. */
export const TICKS_SHOWN = 50;

/** "12 ticks"; only the newest are asked for, so a full page says so. */
export function ticksTitle(ticks: readonly unknown[]): string {
  return ticks.length < TICKS_SHOWN ? countOf(ticks.length, "tick") : `Newest ${TICKS_SHOWN} ticks`;
}

/** Past ticks; each opens to its runs, error, cursor and log lines. */
export function TickList({ ticks }: { ticks: readonly TickRow[] }) {
  const [open, setOpen] = useState<string | null>(null);
  if (ticks.length === 0)
    return (
      <Empty title="No tick yet">
        Switch it on, and each evaluation is listed here with what it asked for, or why it did not.
      </Empty>
    );
  return (
    <table className="grid">
      <thead>
        <tr>
          <th>Time</th>
          <th>Result</th>
          <th>Runs</th>
          <th>Detail</th>
          <th className="num">Took</th>
        </tr>
      </thead>
      <tbody>
        {ticks.map((tick) => (
          <Tick
            key={tick.id}
            tick={tick}
            open={open === tick.id}
            onToggle={() => setOpen(open === tick.id ? null : tick.id)}
          />
        ))}
      </tbody>
    </table>
  );
}

function Tick({ tick, open, onToggle }: { tick: TickRow; open: boolean; onToggle: () => void }) {
  const more =
    tick.error !== null ||
    tick.logEvents.events.length > 0 ||
    tick.cursor !== null ||
    tick.runIds.length > 3 ||
    tick.dynamicPartitionsRequestResults.length > 0;
  return (
    <>
      <tr>
        <td className="dim">
          <TimeAgo at={tick.timestamp * 1000} />
        </td>
        <td>
          <TickBadge status={tick.status} runs={tick.runIds.length} />
        </td>
        <td>
          <span className="row wrap">
            {tick.runIds.slice(0, 3).map((runId) => (
              <Link key={runId} to="/runs/$runId" params={{ runId }} className="mono">
                {runId.slice(0, 8)}
              </Link>
            ))}
            {tick.runIds.length > 3 ? <span className="faint">+{tick.runIds.length - 3}</span> : null}
            {tick.runIds.length === 0 ? <span className="faint">–</span> : null}
          </span>
        </td>
        <td className="free">
          <span className="dim">{tick.skipReason ?? tick.error?.message.split("\n")[0]}</span>{" "}
          {more ? (
            <button type="button" className="link-button" aria-expanded={open} onClick={onToggle}>
              {open ? "Less" : "More"}
            </button>
          ) : null}
        </td>
        <td className="num dim">
          {tick.endTimestamp === null ? "" : formatDuration((tick.endTimestamp - tick.timestamp) * 1000)}
        </td>
      </tr>
      {open ? (
        <tr>
          <td colSpan={5}>
            <div className="stack" style={{ gap: 10 }}>
              {tick.error ? <ServerProblem error={tick.error} next="The next tick tries again." /> : null}
              {tick.cursor !== null ? (
                <div className="row">
                  <span className="faint">Cursor</span> <code>{tick.cursor}</code>
                </div>
              ) : null}
              {tick.runIds.length > 3 ? (
                <div className="row wrap">
                  {tick.runIds.map((runId) => (
                    <Link key={runId} to="/runs/$runId" params={{ runId }} className="mono">
                      {runId.slice(0, 8)}
                    </Link>
                  ))}
                </div>
              ) : null}
              {tick.dynamicPartitionsRequestResults.map((result) => (
                <PartitionsResult key={`${result.type} ${result.partitionsDefName}`} result={result} />
              ))}
              {tick.logEvents.events.length > 0 ? (
                <pre style={{ margin: 0, whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
                  {tick.logEvents.events
                    .map((e) => `${formatClock(Number(e.timestamp))} ${e.level} ${e.message}`)
                    .join("\n")}
                </pre>
              ) : null}
            </div>
          </td>
        </tr>
      ) : null}
    </>
  );
}

/** What the evaluation did to dynamic partitions. */
function PartitionsResult({ result }: { result: TickRow["dynamicPartitionsRequestResults"][number] }) {
  const { type, partitionsDefName, partitionKeys, skippedPartitionKeys } = result;
  const adds = type === "ADD_PARTITIONS";
  const skipped = new Set(skippedPartitionKeys);
  const changed = (partitionKeys ?? []).filter((key) => !skipped.has(key));
  return (
    <div className="row wrap">
      <span className="faint">
        {adds ? "Partitions added to" : "Partitions deleted from"} <code>{partitionsDefName}</code>
      </span>
      {changed.length > 0 ? <span>{listed(changed)}</span> : <span className="faint">none</span>}
      {skipped.size > 0 ? (
        <span className="faint">
          {adds ? "there already" : "not there"}: {listed(skippedPartitionKeys)}
        </span>
      ) : null}
    </div>
  );
}

const SHOWN_KEYS = 20;
const listed = (keys: readonly string[]) =>
  `${keys.slice(0, SHOWN_KEYS).join(", ")}${keys.length > SHOWN_KEYS ? ` and ${keys.length - SHOWN_KEYS} more` : ""}`;
