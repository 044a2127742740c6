import { Tooltip } from "@mantine/core";
import { useNow } from "./now.ts";
import { formatAbsolute, formatDuration, formatRelative } from "./time.ts";

/** Relative time, absolute on hover. `at` in ms; null shows a dash. */
export function TimeAgo({ at }: { at: number | null | undefined }) {
  const now = useNow();
  if (at === null || at === undefined) return <span className="faint">–</span>;
  return (
    <Tooltip label={formatAbsolute(at)}>
      <time dateTime={new Date(at).toISOString()} className="nowrap tnum">
        {formatRelative(at, now)}
      </time>
    </Tooltip>
  );
}

/** "in 32d", beside a date that is told already. */
export function Until({ at }: { at: number }) {
  const now = useNow();
  return (
    <span className="nowrap tnum">{at > now ? `in ${formatDuration(at - now).split(" ")[0]}` : "now"}</span>
  );
}

/** A duration that keeps growing while `end` is null. Times in ms. */
export function Duration({ start, end }: { start: number | null; end: number | null }) {
  const now = useNow();
  if (start === null) return <span className="faint">–</span>;
  return <span className="nowrap tnum">{formatDuration(Math.max(0, (end ?? now) - start))}</span>;
}
