import type { AssetEntry } from "../assets/asset-graph.ts";
import type {
  ConfigInvalid,
  ExecutionParams,
  LaunchRunResult,
  LaunchRunsResult,
  PythonErrorParts,
} from "../graphql/generated/operations.ts";

export const ASSET_JOB = "__ASSET_JOB";

export interface Target {
  readonly location: string;
  readonly repository: string;
  readonly job: string;
  readonly assets?: readonly (readonly string[])[];
}

/** What the server takes to start one run. `config` is YAML. */
export function executionParams(
  target: Target,
  options: {
    config?: string;
    partition?: string | null;
    tags?: ReadonlyArray<{ key: string; value: string }>;
    steps?: readonly string[];
  },
): ExecutionParams {
  const tags = [
    ...(options.tags ?? []),
    ...(options.partition ? [{ key: "dagster/partition", value: options.partition }] : []),
  ];
  return {
    selector: {
      repositoryLocationName: target.location,
      repositoryName: target.repository,
      pipelineName: target.job,
      ...(target.assets ? { assetSelection: target.assets.map((path) => ({ path })) } : {}),
    },
    mode: "default",
    ...(options.config?.trim() ? { runConfigData: options.config } : {}),
    ...(options.steps?.length ? { stepKeys: options.steps } : {}),
    executionMetadata: { tags },
  };
}

/** One launch per code location: a run never spans two. */
export function targetsOf(assets: readonly AssetEntry[]): { target: Target; assets: AssetEntry[] }[] {
  const byPlace = new Map<string, AssetEntry[]>();
  for (const asset of assets) {
    if (!asset.materializable) continue;
    const place = `${asset.location}\u0000${asset.repository}`;
    byPlace.set(place, [...(byPlace.get(place) ?? []), asset]);
  }
  return [...byPlace.values()].flatMap((list) => {
    const [first] = list;
    if (!first) return [];
    return [
      {
        target: {
          location: first.location,
          repository: first.repository,
          job: ASSET_JOB,
          assets: list.map((a) => a.path),
        },
        assets: list,
      },
    ];
  });
}

export interface Refusal {
  readonly message: string;
  readonly error: PythonErrorParts | null;
  readonly config: ConfigInvalid["errors"];
}
export interface Launched {
  readonly runIds: string[];
  readonly refused: Refusal[];
}

type Answer = LaunchRunResult["launchPipelineExecution"];

export function readAnswers(answers: readonly Answer[]): Launched {
  const runIds: string[] = [];
  const refused: Refusal[] = [];
  for (const answer of answers) {
    if (answer.__typename === "LaunchRunSuccess") runIds.push(answer.run.runId);
    else refused.push(refusalOf(answer));
  }
  return { runIds, refused };
}

export function readMultiple(result: LaunchRunsResult["launchMultipleRuns"]): Launched {
  if (result.__typename === "PythonError")
    return { runIds: [], refused: [{ message: result.message, error: result, config: [] }] };
  return readAnswers(result.launchMultipleRunsResult as unknown as Answer[]);
}

export function refusalOf(answer: {
  readonly __typename: string;
  readonly message?: string;
  readonly errors?: ConfigInvalid["errors"];
}): Refusal {
  if (answer.errors)
    return { message: "The server refused this run config.", error: null, config: answer.errors };
  const isPython = answer.__typename === "PythonError";
  return {
    message: answer.message ?? answer.__typename,
    error: isPython ? (answer as unknown as PythonErrorParts) : null,
    config: [],
  };
}
