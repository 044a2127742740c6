/** One evaluation of a schedule or sensor: one to come, or one made to see what it would do. */
import { type TickResult, UserCodeError } from "@dagster-operator/engine";
import type { ErrorInfo } from "@dagster-operator/sdk/internal";
import { builder } from "./builder.ts";
import { DynamicPartitionsRequestType } from "./enums.ts";
import { PythonError, pythonError } from "./errors.ts";
import { AssetCheckHandle, AssetKey, PipelineTag, tagModels } from "./refs.ts";
import { runConfigYaml } from "./run.ts";
import { seconds } from "./time.ts";

type Evaluation = { result: TickResult | null; error: ErrorInfo | null };
export interface DryRunTickModel {
  __typename: "DryRunInstigationTick";
  /** Milliseconds. */
  at: number;
  evaluate: (() => Promise<TickResult>) | null;
}
type Request = TickResult["runRequests"][number];
const RunRequest = builder.objectRef<Request>("RunRequest").implement({
  fields: (t) => ({
    runKey: t.string({ nullable: true, resolve: (request) => request.runKey ?? null }),
    tags: t.field({
      type: [PipelineTag],
      resolve: ({ tags, partitionKey }) =>
        tagModels({ ...tags, ...(partitionKey ? { "dagster/partition": partitionKey } : {}) }),
    }),
    runConfigYaml: t.string({ resolve: (request) => runConfigYaml(request.runConfig ?? {}) }),
    assetSelection: t.field({
      type: [AssetKey],
      nullable: true,
      resolve: (request) => request.assets ?? null,
    }),
    assetChecks: t.field({ type: [AssetCheckHandle], nullable: true, resolve: () => null }),
    jobName: t.string({ nullable: true, resolve: (request) => request.job ?? null }),
  }),
});
type PartitionsRequest = { name: string; keys: string[]; type: "ADD_PARTITIONS" | "DELETE_PARTITIONS" };
const DynamicPartitionRequest = builder.objectRef<PartitionsRequest>("DynamicPartitionRequest").implement({
  fields: (t) => ({
    partitionKeys: t.exposeStringList("keys", { nullable: true }),
    partitionsDefName: t.exposeString("name"),
    type: t.expose("type", { type: DynamicPartitionsRequestType }),
  }),
});
const requestsOf = (result: TickResult): PartitionsRequest[] =>
  (result.dynamicPartitions ?? []).flatMap(({ name, add, delete: gone }): PartitionsRequest[] => [
    ...(add.length > 0 ? [{ name, keys: add, type: "ADD_PARTITIONS" as const }] : []),
    ...(gone.length > 0 ? [{ name, keys: gone, type: "DELETE_PARTITIONS" as const }] : []),
  ]);
const TickEvaluation = builder.objectRef<Evaluation>("TickEvaluation").implement({
  fields: (t) => ({
    dynamicPartitionsRequests: t.field({
      type: [DynamicPartitionRequest],
      nullable: true,
      resolve: ({ result }) => (result ? requestsOf(result) : null),
    }),
    runRequests: t.field({
      type: [RunRequest],
      nullable: true,
      resolve: ({ result }) => result?.runRequests ?? null,
    }),
    skipReason: t.string({ nullable: true, resolve: ({ result }) => result?.skipReason ?? null }),
    error: t.field({
      type: PythonError,
      nullable: true,
      resolve: ({ error }) => (error ? pythonError(error) : null),
    }),
    cursor: t.string({ nullable: true, resolve: ({ result }) => result?.cursor ?? null }),
    logs: t.stringList({
      description: "Lines of `context.log`.",
      resolve: ({ result }) => result?.logs ?? [],
    }),
  }),
});
export const DryRunTick = builder.objectRef<DryRunTickModel>("DryRunInstigationTick").implement({
  fields: (t) => ({
    timestamp: t.float({ nullable: true, resolve: ({ at }) => seconds(at) }),
    evaluationResult: t.field({
      type: TickEvaluation,
      nullable: true,
      resolve: async ({ evaluate }): Promise<Evaluation | null> => {
        if (!evaluate) return null;
        try {
          return { result: await evaluate(), error: null };
        } catch (error) {
          if (error instanceof UserCodeError) return { result: null, error: error.error };
          throw error;
        }
      },
    }),
  }),
});
