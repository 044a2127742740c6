/** Runs over GraphQL: launch, look, follow, end. */
import type { Client } from "./client.ts";
import { ERRORS, good, type Union } from "./outcome.ts";

export const REPOSITORY = "__repository__";

export interface Run {
  runId: string;
  status: string;
  jobName: string;
  /** Seconds since the epoch. */
  creationTime: number;
  startTime: number | null;
  endTime: number | null;
  tags: { key: string; value: string }[];
  parentRunId: string | null;
  rootRunId: string | null;
  assetSelection: { path: string[] }[] | null;
  assetCheckSelection: { name: string; assetKey: { path: string[] } }[] | null;
  repositoryOrigin: { repositoryLocationName: string } | null;
  stepStats: { stepKey: string; status: string | null; startTime: number | null; endTime: number | null }[];
}

export interface Target {
  location: string;
  /** Default: the implicit job of all assets. */
  job?: string | undefined;
  assets?: string[][] | undefined;
  runConfig?: Record<string, unknown> | undefined;
  tags?: Record<string, string> | undefined;
  partition?: string | undefined;
}

const RUN = `
  runId status jobName creationTime startTime endTime parentRunId rootRunId
  tags { key value }
  assetSelection { path }
  assetCheckSelection { name assetKey { path } }
  repositoryOrigin { repositoryLocationName }
`;
const STEPS = "stepStats { stepKey status startTime endTime }";
const LAUNCHED = `
  __typename
  ... on LaunchRunSuccess { run { runId status } }
  ... on RunConfigValidationInvalid { errors { message stack { entries { __typename ... on EvaluationStackPathEntry { fieldName } } } } }
  ... on InvalidStepError { invalidStepKey }
  ${ERRORS}
`;
export const LAUNCH = `mutation Launch($params: ExecutionParams!) { launchRun(executionParams: $params) { ${LAUNCHED} } }`;
export const REEXECUTE = `mutation Reexecute($params: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $params) { ${LAUNCHED} } }`;
export const REEXECUTE_STEPS = `mutation ReexecuteSteps($params: ExecutionParams!) { launchRunReexecution(executionParams: $params) { ${LAUNCHED} } }`;
export const RUNS = `query Runs($filter: RunsFilter, $cursor: String, $limit: Int) {
  runsOrError(filter: $filter, cursor: $cursor, limit: $limit) { __typename ... on Runs { results { ${RUN} } } ${ERRORS} }
}`;
export const RUN_BY_ID = `query Run($runId: ID!) {
  runOrError(runId: $runId) { __typename ... on Run { ${RUN} ${STEPS} } ${ERRORS} }
}`;
export const TERMINATE = `mutation Terminate($runIds: [String!]!, $policy: TerminateRunPolicy) {
  terminateRuns(runIds: $runIds, terminatePolicy: $policy) {
    __typename
    ... on TerminateRunsResult {
      terminateRunResults {
        __typename
        ... on TerminateRunSuccess { run { runId status } }
        ... on TerminateRunFailure { message }
        ${ERRORS}
      }
    }
    ${ERRORS}
  }
}`;
export const DELETE = `mutation Delete($runId: String!) {
  deleteRun(runId: $runId) { __typename ... on DeletePipelineRunSuccess { runId } ${ERRORS} }
}`;

interface Launched extends Union {
  run?: { runId: string; status: string };
}

/** Launches and gives the run id. @throws InvalidInput · NotFound · Unavailable */
export async function launchRun(client: Client, target: Target): Promise<string> {
  const params = {
    selector: {
      repositoryLocationName: target.location,
      repositoryName: REPOSITORY,
      jobName: target.job ?? "__ASSET_JOB",
      ...(target.assets ? { assetSelection: target.assets.map((path) => ({ path })) } : {}),
    },
    runConfigData: target.runConfig ?? {},
    mode: "default",
    executionMetadata: { tags: tagList(target) },
  };
  const { launchRun: answer } = await client.query<{ launchRun: Launched }>(LAUNCH, { params });
  return idOf(answer);
}

function tagList({ tags, partition }: Target): { key: string; value: string }[] {
  const all = { ...tags, ...(partition === undefined ? {} : { "dagster/partition": partition }) };
  return Object.entries(all).map(([key, value]) => ({ key, value }));
}

export async function reexecuteRun(
  client: Client,
  parent: Run,
  how: { fromFailure: boolean } | { steps: string[] },
  tags: Record<string, string>,
): Promise<string> {
  const extraTags = tagList({ location: "", tags });
  if ("fromFailure" in how) {
    const strategy = how.fromFailure ? "FROM_FAILURE" : "ALL_STEPS";
    const { launchRunReexecution: answer } = await client.query<{ launchRunReexecution: Launched }>(
      REEXECUTE,
      {
        params: { parentRunId: parent.runId, strategy, extraTags, useParentRunTags: true },
      },
    );
    return idOf(answer);
  }
  const { launchRunReexecution: answer } = await client.query<{ launchRunReexecution: Launched }>(
    REEXECUTE_STEPS,
    {
      params: {
        selector: {
          repositoryLocationName: parent.repositoryOrigin?.repositoryLocationName ?? "",
          repositoryName: REPOSITORY,
          jobName: parent.jobName,
          ...(parent.assetSelection
            ? { assetSelection: parent.assetSelection.map(({ path }) => ({ path })) }
            : {}),
        },
        mode: "default",
        stepKeys: how.steps,
        executionMetadata: {
          parentRunId: parent.runId,
          rootRunId: parent.rootRunId ?? parent.runId,
          tags: [
            ...parent.tags.filter(({ key }) => !/^\.?dagster\/|^\./.test(key) || key === "dagster/partition"),
            ...extraTags,
          ],
        },
      },
    },
  );
  return idOf(answer);
}

function idOf(answer: Launched): string {
  const launched = good(answer, "LaunchRunSuccess").run;
  if (!launched) throw new Error("the server launched a run, but did not name it");
  return launched.runId;
}

export async function getRun(client: Client, runId: string): Promise<Run> {
  const { runOrError } = await client.query<{ runOrError: Union & Run }>(RUN_BY_ID, { runId });
  return good(runOrError, "Run");
}

export async function listRuns(
  client: Client,
  filter: {
    statuses?: string[];
    pipelineName?: string;
    runIds?: string[];
    tags?: { key: string; value: string }[];
  },
  page: { limit: number; cursor?: string | undefined },
): Promise<Run[]> {
  const { runsOrError } = await client.query<{ runsOrError: Union & { results: Run[] } }>(RUNS, {
    filter,
    ...page,
  });
  return good(runsOrError, "Runs").results;
}

/** Per run: null when it was told to stop, else why not. */
export async function terminateRuns(
  client: Client,
  runIds: string[],
  force: boolean,
): Promise<(Error | null)[]> {
  const { terminateRuns: answer } = await client.query<{
    terminateRuns: Union & { terminateRunResults: Union[] };
  }>(TERMINATE, { runIds, policy: force ? "MARK_AS_CANCELED_IMMEDIATELY" : "SAFE_TERMINATE" });
  return good(answer, "TerminateRunsResult").terminateRunResults.map((result) => {
    try {
      good(result, "TerminateRunSuccess");
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  });
}

export async function deleteRun(client: Client, runId: string): Promise<void> {
  const { deleteRun: answer } = await client.query<{ deleteRun: Union }>(DELETE, { runId });
  good(answer, "DeletePipelineRunSuccess");
}

/** A run by its id or the beginning of one that no other run of late has. */
export async function findRun(client: Client, idOrPrefix: string): Promise<Run> {
  if (idOrPrefix.length >= 36) return getRun(client, idOrPrefix);
  const recent = await listRuns(client, {}, { limit: 500 });
  const matching = recent.filter((run) => run.runId.startsWith(idOrPrefix));
  return getRun(client, matching.length === 1 && matching[0] ? matching[0].runId : idOrPrefix);
}
