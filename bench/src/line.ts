/** One measurement: `ours` and `peer` in the same unit. */
export interface Line {
  name: string;
  ours: number;
  /** Absent when there is nothing to compare with; then `goal` says what was reached for. */
  peer?: { what: string; value: number };
  goal?: string;
  unit: string;
}

const round = (value: number) =>
  Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 3 });

/** The four columns: name, ours, peer, ratio ours ÷ peer. */
export function format({ name, ours, peer, goal, unit }: Line): string[] {
  return [
    goal ? `${name} (goal ${goal})` : name,
    `${round(ours)} ${unit}`,
    peer ? `${peer.what} ${round(peer.value)} ${unit}` : "–",
    peer ? `${round(ours / peer.value)} ×` : "–",
  ];
}

/** The value that the share `q` of the values does not exceed; NaN of none. */
export const quantile = (values: readonly number[], q: number) =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(values.length * q) - 1)] ?? Number.NaN;

export const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
