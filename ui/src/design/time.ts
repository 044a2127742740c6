/** All instants are milliseconds since the epoch. */

/** "4s", "2m 05s", "3h 12m", "2d 4h"; below one second "350ms". */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "–";
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${(Math.floor(seconds * 10) / 10).toFixed(1).replace(/\.0$/, "")}s`;
  if (seconds < 60) return `${Math.floor(seconds)}s`;
  const s = Math.floor(seconds);
  if (s < 3600) return `${Math.floor(s / 60)}m ${pad(s % 60)}s`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h ${pad(Math.floor((s % 3600) / 60))}m`;
  return `${Math.floor(s / 86_400)}d ${Math.floor((s % 86_400) / 3600)}h`;
}

/** "just now", "12s ago", "5m ago", "3h ago", "2d ago", "in 4m"; a date when more than 30 days away. */
export function formatRelative(at: number, now: number): string {
  const delta = now - at;
  const size = Math.abs(delta);
  if (size < 3000) return "just now";
  if (size > 30 * 86_400_000)
    return new Date(at).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
  const unit =
    size < 60_000
      ? `${Math.floor(size / 1000)}s`
      : size < 3_600_000
        ? `${Math.floor(size / 60_000)}m`
        : size < 86_400_000
          ? `${Math.floor(size / 3_600_000)}h`
          : `${Math.floor(size / 86_400_000)}d`;
  return delta >= 0 ? `${unit} ago` : `in ${unit}`;
}

/** Date, time with seconds, and the zone: the reader's, or a given one. */
export function formatAbsolute(at: number, timeZone?: string): string {
  return new Date(at).toLocaleString(undefined, {
    ...(timeZone === undefined ? {} : { timeZone }),
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
  });
}

/** "14:03:22.118" in local time. */
export function formatClock(at: number): string {
  const d = new Date(at);
  return `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, "0")}`;
}

function pad(n: number): string {
  return String(n).padStart(2, "0");
}

/** Round steps for a time axis over `span` ms with at most `count` marks. */
export function axisStep(span: number, count: number): number {
  const steps = [
    10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
    900_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
  ];
  return steps.find((step) => span / step <= count) ?? Math.ceil(span / count / 86_400_000) * 86_400_000;
}
