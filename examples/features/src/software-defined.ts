/** An asset says what it is before any code runs; a run adds what it found out. */
import { asset, externalAsset } from "@dagster-operator/sdk";

export interface Ride {
  station: string;
  minutes: number;
}

/** Kept by another system: known, drawn and loadable, never run. */
export const stations = externalAsset<string[]>("bikes/stations", { group: "bikes" });

export const rides = asset(
  "rides",
  {
    keyPrefix: "bikes",
    group: "bikes",
    owners: ["team:mobility", "ada@example.org"],
    tags: { tier: "1" },
    kinds: ["json"],
    description: "Rides of today, as the docks sent them.",
    codeVersion: "1",
    metadata: { source: "docks" },
    deps: [stations], // comes after them, loads nothing
  },
  ({ metadata }): Ride[] => {
    const rows = [
      { station: "harbour", minutes: 12 },
      { station: "castle", minutes: 30 },
    ];
    metadata({ rows: rows.length });
    return rows;
  },
);

/** Loads its input: what `rides` returned, through the IO manager. */
export const ridingTime = asset(
  ["bikes", "riding_time"],
  { group: "bikes", inputs: { rides } },
  ({ inputs }) => inputs.rides.reduce((sum, { minutes }) => sum + minutes, 0),
);
