/** Where the log of a run goes besides its event log: run config names it. */
import { job, logger, op, z } from "@dagster-operator/sdk";

/** One line of JSON for each record of a level, to the standard output. */
const jsonLines = logger({
  description: "JSON lines on standard output",
  config: z.object({ only: z.enum(["INFO", "WARNING"]).default("INFO") }).prefault({}),
  create: ({ config, run }) => ({
    write: ({ level, message, stepKey, fields }) => {
      if (level === config.only)
        process.stdout.write(`${JSON.stringify({ job: run.job, stepKey, message, ...fields })}\n`);
    },
  }),
});

const scale = op("read_scale", ({ log }) => {
  log.info("on the scale", { grams: 250 });
  log.warning("a little heavy");
});

export const weighing = job("weighing", { loggers: { jsonLines } }, () => {
  scale();
});
