/** Dagster's API counts in seconds, ours inside in milliseconds. */
export function seconds(ms: number): number;
export function seconds(ms: number | null | undefined): number | null;
export function seconds(ms: number | null | undefined): number | null {
  return ms === null || ms === undefined ? null : ms / 1000;
}
export function millis(s: number | null | undefined): number | undefined {
  return s === null || s === undefined ? undefined : s * 1000;
}
