import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  assetMaterialization,
  job,
  op,
  output,
  RunRequest,
  SkipReason,
  sensor,
  z,
} from "@dagster-operator/sdk";
import { mean, readCsv } from "./source.ts";

const inbox = process.env.INBOX ?? "inbox";

const readStation = op(
  "read_station",
  {
    config: z.object({ file: z.string().min(1).describe("CSV with the columns date and temp_max") }),
    outputs: output<{ station: string; highs: number[] }>({ ioManager: "files" }), // not a table
  },
  async ({ config, log }) => {
    const rows = await readCsv(config.file);
    log.info(`read ${rows.length} rows of ${config.file}`);
    return { station: basename(config.file, ".csv"), highs: rows.map(({ temp_max }) => Number(temp_max)) };
  },
);

const summarizeStation = op(
  "summarize_station",
  { inputs: { reading: readStation } },
  ({ inputs: { reading }, logEvent }) => {
    const metadata = { days: reading.highs.length, "mean high (°C)": mean(reading.highs) };
    logEvent(assetMaterialization(["stations", reading.station], { metadata }));
  },
);

/** A file that a weather station sent, read and summed up. */
export const loadStation = job(
  "load_station",
  { description: "Read one station file and record its summary." },
  () => {
    summarizeStation({ reading: readStation() });
  },
);

export const inboxSensor = sensor(
  "station_inbox",
  {
    job: loadStation,
    minimumInterval: 10,
    description: `Starts load_station for each CSV file that arrives in ${inbox}/.`,
    defaultStatus: "RUNNING",
  },
  async ({ cursor, setCursor }) => {
    const since = Number(cursor ?? 0);
    const names = (await readdir(inbox)).filter((name) => name.endsWith(".csv"));
    const files = await Promise.all(
      names.map(async (name) => ({ name, changed: (await stat(join(inbox, name))).mtimeMs })),
    );
    const fresh = files.filter(({ changed }) => changed > since).sort((a, b) => a.changed - b.changed);
    if (fresh.length === 0) return new SkipReason(`no new CSV file in ${inbox}/`);
    setCursor(String(fresh.at(-1)?.changed));
    return fresh.map(
      ({ name, changed }) =>
        new RunRequest({
          runKey: `${name}:${changed}`,
          runConfig: { ops: { read_station: { config: { file: join(inbox, name) } } } },
        }),
    );
  },
);
