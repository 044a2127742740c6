/** Assets that are only known when the code runs: an op logs what it has written, with any kind of metadata, for a partition. */
import {
  assetMaterialization,
  assetObservation,
  image,
  ioManager,
  job,
  MetadataValue,
  op,
  output,
  ValueNotStored,
  z,
} from "@dagster-operator/sdk";

const persist = op("persist", { config: z.object({ date: z.iso.date() }) }, ({ config, logEvent, run }) => {
  logEvent(
    assetMaterialization("my_dataset", {
      partition: config.date,
      description: "Persisted result to storage",
      metadata: {
        text: "as text",
        rows: 3,
        mean: 1.5,
        done: true,
        raw: { nested: [1, 2] },
        path: MetadataValue.path("/data/out.parquet"),
        dashboard: MetadataValue.url("https://example.org/dashboard"),
        notes: MetadataValue.md("**three** rows"),
        preview: MetadataValue.table([{ city: "Rome", high: 31 }]),
        at: MetadataValue.timestamp(new Date(0)),
        like: MetadataValue.asset(["bikes", "rides"]),
        by: MetadataValue.run(run.runId),
        notebook: MetadataValue.notebook("/notebooks/a.ipynb"),
        picture: image.svg('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'),
      },
    }),
  );
  logEvent(assetObservation(["raw", "clicks"], { metadata: { rows: 4 } }));
});

/** An IO manager that says itself what it has written. */
const csv = ioManager(() => ({
  handleOutput: ({ stepKey, outputName, logEvent, metadata }, value) => {
    const path = `${stepKey}/${outputName}.csv`;
    metadata({ path: MetadataValue.path(path) });
    logEvent(
      assetMaterialization(["csv", stepKey], {
        description: "Persisted result to storage.",
        metadata: { "number of rows": (value as unknown[]).length },
      }),
    );
  },
  loadInput: ({ stepKey }) => {
    throw new ValueNotStored(`the rows of ${stepKey} were written and not kept`);
  },
}));
const rows = op("csv_rows", { outputs: output<number[]>({ ioManager: { csv } }) }, () => [1, 2, 3]);

export const writeCsv = job("write_csv", () => {
  rows();
});

export const persistDay = job("persist_day", () => {
  persist();
});
