/** stdout and stderr of steps, as bytes. `logKey` is the step key, or `worker` for what is outside any step. */
export interface ComputeLog {
  /** Writes at `offset`, so a repeated chunk changes nothing. @throws Conflict when `offset` lies beyond the end */
  append(
    id: { runId: string; logKey: string; stream: "out" | "err" },
    offset: number,
    data: Uint8Array,
  ): Promise<void>;
  /** Up to `max` bytes from `offset`; `size` is the whole length so far. Unknown id: size 0. */
  read(
    id: { runId: string; logKey: string; stream: "out" | "err" },
    offset: number,
    max: number,
  ): Promise<{ data: Uint8Array; size: number }>;
  delete(runId: string): Promise<void>;
}
