/** A graph, an asset and a job with a config of their own, simpler than that of the ops in them. */
import { graph, graphAsset, job, op, z } from "@dagster-operator/sdk";

const scale = op(
  "scale_by",
  { config: z.object({ by: z.number(), label: z.string() }) },
  ({ config, log }) => {
    log.info(`${config.label} × ${config.by}`);
    return config.by;
  },
);

/** One number for two ops. */
const both = graph(
  "both_scales",
  {
    config: z.object({ factor: z.number().default(2) }),
    mapConfig: ({ factor }) => ({
      scale_by: { config: { by: factor, label: "first" } },
      again: { config: { by: factor * 10, label: "second" } },
    }),
  },
  () => {
    scale();
    scale.as("again")();
  },
);
export const mappedGraph = job("mapped_graph", () => {
  both();
});

/** Run config of this job is `{ factor: 3 }`. */
export const mappedJob = job(
  "mapped_job",
  {
    config: z.object({ factor: z.number() }),
    mapConfig: ({ factor }) => ({ ops: { both_scales: { config: { factor } } } }),
    runConfig: { factor: 5 },
  },
  () => {
    both();
  },
);

export const scaled = graphAsset(
  "scaled",
  {
    config: z.object({ factor: z.number() }),
    mapConfig: ({ factor }) => ({ scale_by: { config: { by: factor, label: "asset" } } }),
  },
  () => scale(),
);
