/** What our schema has and Dagster's has not: the list in README.md, by name. */
export const EXTENSIONS = [
  "ImageMetadataEntry",
  "Job.defaultRunConfigYaml",
  "Job.runConfigJsonSchema",
  "LaunchBackfillParams.onlyMissingAndFailed",
  "Mutation.pausePartitionBackfill",
  "PartitionBackfill.isPaused",
  "Pipeline.defaultRunConfigYaml",
  "Pipeline.runConfigJsonSchema",
  "Run.failure",
  "Run.stepsDone",
  "Run.stepsTotal",
  "RunConfigSchema.jsonSchema",
  "RunStepStats.attemptCount",
  "RunStepStats.error",
  "TickEvaluation.logs",
  "WorkspaceLocationEntry.locationSource",
];
