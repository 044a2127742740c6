/** Dagster's error types. A mutation answers with one of these; a GraphQL error means a fault of this server. */
import type { ErrorInfo } from "@dagster-operator/sdk/internal";
import { builder, byTypename } from "./builder.ts";

interface Failure {
  __typename: string;
  message: string;
}
const ErrorInterface = builder
  .interfaceRef<{ message: string }>("Error")
  .implement({ resolveType: byTypename, fields: (t) => ({ message: t.exposeString("message") }) });

const failure = <Name extends string>(name: Name) =>
  builder
    .objectRef<{ __typename: Name; message: string }>(name)
    .implement({ interfaces: [ErrorInterface], fields: () => ({}) });

export interface PythonErrorModel extends Failure {
  __typename: "PythonError";
  error: ErrorInfo;
}
/** `PythonError` is Dagster's name for any error of user code or of the server; ours may well come from TypeScript. */
export const pythonError = (error: ErrorInfo | Error): PythonErrorModel => ({
  __typename: "PythonError",
  message: error.message,
  // An error of our own is told by its message; where it was thrown in this server says nothing to a caller.
  error: error instanceof Error ? { name: error.name, message: error.message } : error,
});
const causesOf = (error: ErrorInfo): ErrorInfo[] =>
  error.cause ? [error.cause, ...causesOf(error.cause)] : [];

export const PythonError = builder.objectRef<PythonErrorModel>("PythonError");
const ErrorChainLink = builder.objectRef<Failure & { error: PythonErrorModel }>("ErrorChainLink");
PythonError.implement({
  interfaces: [ErrorInterface],
  fields: (t) => ({
    className: t.string({ nullable: true, resolve: (e) => e.error.name }),
    stack: t.stringList({
      resolve: (e) => (e.error.stack ? e.error.stack.split("\n").map((line) => `${line}\n`) : []),
    }),
    cause: t.field({
      type: PythonError,
      nullable: true,
      resolve: (e) => (e.error.cause ? pythonError(e.error.cause) : null),
    }),
    causes: t.field({ type: [PythonError], resolve: (e) => causesOf(e.error).map(pythonError) }),
    errorChain: t.field({
      type: [ErrorChainLink],
      resolve: (e) =>
        causesOf(e.error).map((cause) => ({
          __typename: "ErrorChainLink" as const,
          message: cause.message,
          error: pythonError(cause),
        })),
    }),
  }),
});
ErrorChainLink.implement({
  interfaces: [ErrorInterface],
  fields: (t) => ({
    error: t.expose("error", { type: PythonError }),
    isExplicitLink: t.boolean({ resolve: () => true }),
  }),
});

export const UnauthorizedError = failure("UnauthorizedError");
export const ReloadNotSupported = failure("ReloadNotSupported");
export const RepositoryLocationNotFound = failure("RepositoryLocationNotFound");
export const AssetNotFoundError = failure("AssetNotFoundError");
export const AssetCheckNotFoundError = failure("AssetCheckNotFoundError");
/** Never answered; clients ask for it. */
export const AssetCheckNeedsMigrationError = failure("AssetCheckNeedsMigrationError");
export const InvalidPipelineRunsFilterError = failure("InvalidPipelineRunsFilterError");
export const ConflictingExecutionParamsError = failure("ConflictingExecutionParamsError");
export const UnsupportedOperationError = failure("UnsupportedOperationError");

const PipelineRunConflict = builder
  .interfaceRef<{ message: string }>("PipelineRunConflict")
  .implement({ resolveType: byTypename, fields: (t) => ({ message: t.exposeString("message") }) });
export const RunConflict = builder
  .objectRef<{ __typename: "RunConflict"; message: string }>("RunConflict")
  .implement({ interfaces: [ErrorInterface, PipelineRunConflict], fields: () => ({}) });

const PipelineRunNotFoundError = builder
  .interfaceRef<{ runId: string; message: string }>("PipelineRunNotFoundError")
  .implement({
    interfaces: [ErrorInterface],
    resolveType: byTypename,
    fields: (t) => ({ runId: t.exposeString("runId") }),
  });
export const RunNotFoundError = builder
  .objectRef<{ __typename: "RunNotFoundError"; runId: string; message: string }>("RunNotFoundError")
  .implement({ interfaces: [PipelineRunNotFoundError, ErrorInterface], fields: () => ({}) });
export const runNotFound = (runId: string) => ({
  __typename: "RunNotFoundError" as const,
  runId,
  message: `Run ${runId} does not exist. It may have been deleted.`,
});

export const RunGroupNotFoundError = builder
  .objectRef<{ __typename: "RunGroupNotFoundError"; runId: string; message: string }>("RunGroupNotFoundError")
  .implement({ interfaces: [ErrorInterface], fields: (t) => ({ runId: t.exposeString("runId") }) });

export interface JobSelector {
  pipelineName: string;
  repositoryName: string;
  repositoryLocationName: string;
}
export const PipelineNotFoundError = builder
  .objectRef<JobSelector & { __typename: "PipelineNotFoundError"; message: string }>("PipelineNotFoundError")
  .implement({
    interfaces: [ErrorInterface],
    fields: (t) => ({
      pipelineName: t.exposeString("pipelineName"),
      repositoryName: t.exposeString("repositoryName"),
      repositoryLocationName: t.exposeString("repositoryLocationName"),
    }),
  });
export const jobNotFound = ({ pipelineName, repositoryName, repositoryLocationName }: JobSelector) => ({
  __typename: "PipelineNotFoundError" as const,
  pipelineName,
  repositoryName,
  repositoryLocationName,
  message: `Job ${pipelineName} does not exist in code location ${repositoryLocationName}.`,
});

export const RepositoryNotFoundError = builder
  .objectRef<{
    __typename: "RepositoryNotFoundError";
    message: string;
    repositoryName: string;
    repositoryLocationName: string;
  }>("RepositoryNotFoundError")
  .implement({
    interfaces: [ErrorInterface],
    fields: (t) => ({
      repositoryName: t.exposeString("repositoryName"),
      repositoryLocationName: t.exposeString("repositoryLocationName"),
    }),
  });
export const repositoryNotFound = (selector: { repositoryName: string; repositoryLocationName: string }) => ({
  __typename: "RepositoryNotFoundError" as const,
  repositoryName: selector.repositoryName,
  repositoryLocationName: selector.repositoryLocationName,
  message: `Code location ${selector.repositoryLocationName} has no loaded repository ${selector.repositoryName}.`,
});

const named = <Name extends string, Field extends string>(name: Name, field: Field) =>
  builder.objectRef<{ __typename: Name; message: string } & Record<Field, string>>(name).implement({
    interfaces: [ErrorInterface],
    fields: (t) => ({ [field]: t.string({ resolve: (e) => e[field] }) }),
  });
export const ScheduleNotFoundError = named("ScheduleNotFoundError", "scheduleName");
export const SensorNotFoundError = named("SensorNotFoundError", "sensorName");
export const ResourceNotFoundError = named("ResourceNotFoundError", "resourceName");
export const InstigationStateNotFoundError = named("InstigationStateNotFoundError", "name");
export const PresetNotFoundError = named("PresetNotFoundError", "preset");
export const NoModeProvidedError = named("NoModeProvidedError", "pipelineName");
export const ModeNotFoundError = named("ModeNotFoundError", "mode");

export const PartitionSetNotFoundError = named("PartitionSetNotFoundError", "partitionSetName");
export const BackfillNotFoundError = named("BackfillNotFoundError", "backfillId");
export const backfillNotFound = (backfillId: string) => ({
  __typename: "BackfillNotFoundError" as const,
  backfillId,
  message: `Backfill ${backfillId} does not exist.`,
});
export const PartitionKeysNotFoundError = builder
  .objectRef<{ __typename: "PartitionKeysNotFoundError"; message: string; partitionKeys: string[] }>(
    "PartitionKeysNotFoundError",
  )
  .implement({
    interfaces: [ErrorInterface],
    fields: (t) => ({ partitionKeys: t.exposeStringList("partitionKeys") }),
  });

export const InvalidStepError = builder
  .objectRef<{ __typename: "InvalidStepError"; invalidStepKey: string }>("InvalidStepError")
  .implement({ fields: (t) => ({ invalidStepKey: t.exposeString("invalidStepKey") }) });
export const InvalidOutputError = builder
  .objectRef<{ __typename: "InvalidOutputError"; stepKey: string; invalidOutputName: string }>(
    "InvalidOutputError",
  )
  .implement({
    fields: (t) => ({
      stepKey: t.exposeString("stepKey"),
      invalidOutputName: t.exposeString("invalidOutputName"),
    }),
  });
export const DuplicateDynamicPartitionError = builder
  .objectRef<{
    __typename: "DuplicateDynamicPartitionError";
    message: string;
    partitionsDefName: string;
    partitionName: string;
  }>("DuplicateDynamicPartitionError")
  .implement({
    interfaces: [ErrorInterface],
    fields: (t) => ({
      partitionsDefName: t.exposeString("partitionsDefName"),
      partitionName: t.exposeString("partitionName"),
    }),
  });
