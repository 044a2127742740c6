/** Code locations and what they define. */
import { NotFound } from "@dagster-operator/engine";
import { definitionName } from "@dagster-operator/engine/resources";
import { hint } from "../input/suggest.ts";
import type { Client } from "./client.ts";
import { ERRORS, good, type Union } from "./outcome.ts";
import type { GraphqlError } from "./run-events.ts";
import { REPOSITORY } from "./runs.ts";

export interface Instigator {
  name: string;
  state: { id: string; status: string };
}
export interface Repository {
  jobs: { name: string; description: string | null; isAssetJob: boolean }[];
  schedules: (Instigator & { cronSchedule: string; executionTimezone: string | null; job: string })[];
  sensors: (Instigator & { sensorType: string; minIntervalSeconds: number; jobs: string[] })[];
}
export interface Location {
  name: string;
  /** `LOADING`, `LOADED`, `ERROR` */
  state: string;
  /** Milliseconds since the epoch. */
  updatedAt: number;
  source: Record<string, string>;
  error: GraphqlError | null;
  /** null while nothing is loaded. */
  repository: Repository | null;
}
export interface AssetNode {
  location: string;
  key: string[];
  group: string;
  kinds: string[];
  tags: { key: string; value: string }[];
  owners: string[];
  upstream: string[][];
  isPartitioned: boolean;
  isMaterializable: boolean;
}

const STATE = "{ id status }";
const ENTRY = `
  name loadStatus updatedTimestamp
  displayMetadata { key value }
  newVersionError { message stack cause { message stack } }
  locationOrLoadError {
    __typename
    ... on PythonError { message stack cause { message stack } }
    ... on RepositoryLocation {
      repositories {
        jobs { name description isAssetJob }
        schedules { name cronSchedule executionTimezone pipelineName scheduleState ${STATE} }
        sensors { name sensorType minIntervalSeconds targets { pipelineName } sensorState ${STATE} }
      }
    }
  }
`;
export const WORKSPACE = `query Workspace {
  workspaceOrError { __typename ... on Workspace { locationEntries { ${ENTRY} } } ${ERRORS} }
}`;
export const RELOAD = `mutation Reload($name: String!) {
  reloadRepositoryLocation(repositoryLocationName: $name) { __typename ... on WorkspaceLocationEntry { ${ENTRY} } ${ERRORS} }
}`;
export const ASSETS = `query Assets {
  repositoriesOrError {
    __typename
    ... on RepositoryConnection {
      nodes {
        location { name }
        assetNodes {
          assetKey { path } groupName kinds isPartitioned isMaterializable
          tags { key value }
          owners { __typename ... on UserAssetOwner { email } ... on TeamAssetOwner { team } }
          dependencyKeys { path }
        }
      }
    }
    ${ERRORS}
  }
}`;
export const START_SCHEDULE = `mutation StartSchedule($selector: ScheduleSelector!) {
  answer: startSchedule(scheduleSelector: $selector) { __typename ... on ScheduleStateResult { scheduleState ${STATE} } ${ERRORS} }
}`;
export const STOP_SCHEDULE = `mutation StopSchedule($id: String!) {
  answer: stopRunningSchedule(id: $id) { __typename ... on ScheduleStateResult { scheduleState ${STATE} } ${ERRORS} }
}`;
export const START_SENSOR = `mutation StartSensor($selector: SensorSelector!) {
  answer: startSensor(sensorSelector: $selector) { __typename ... on Sensor { sensorState ${STATE} } ${ERRORS} }
}`;
export const STOP_SENSOR = `mutation StopSensor($id: String!) {
  answer: stopSensor(id: $id) { __typename ... on StopSensorMutationResult { instigationState ${STATE} } ${ERRORS} }
}`;
export const SENSOR_CURSOR = `query SensorCursor($selector: SensorSelector!) {
  answer: sensorOrError(sensorSelector: $selector) { __typename ... on Sensor {
    sensorState { typeSpecificData { ... on SensorData { lastCursor } } } } ${ERRORS} }
}`;
export const SET_SENSOR_CURSOR = `mutation SetSensorCursor($selector: SensorSelector!, $cursor: String) {
  answer: setSensorCursor(sensorSelector: $selector, cursor: $cursor) { __typename ${ERRORS} }
}`;

interface RawEntry extends Union {
  name: string;
  loadStatus: string;
  updatedTimestamp: number;
  displayMetadata: { key: string; value: string }[];
  newVersionError: Partial<GraphqlError> | null;
  locationOrLoadError:
    | ({ __typename: string } & Partial<GraphqlError> & {
          repositories?: {
            jobs: Repository["jobs"];
            schedules: {
              name: string;
              cronSchedule: string;
              executionTimezone: string | null;
              pipelineName: string;
              scheduleState: Instigator["state"];
            }[];
            sensors: {
              name: string;
              sensorType: string;
              minIntervalSeconds: number;
              targets: { pipelineName: string }[] | null;
              sensorState: Instigator["state"];
            }[];
          }[];
        })
    | null;
}

export async function listLocations(client: Client): Promise<Location[]> {
  const { workspaceOrError } = await client.query<{
    workspaceOrError: Union & { locationEntries: RawEntry[] };
  }>(WORKSPACE);
  return good(workspaceOrError, "Workspace").locationEntries.map(toLocation);
}

export async function reloadLocation(client: Client, name: string): Promise<Location> {
  const { reloadRepositoryLocation: answer } = await client.query<{ reloadRepositoryLocation: RawEntry }>(
    RELOAD,
    { name },
  );
  return toLocation(good(answer, "WorkspaceLocationEntry"));
}

function toLocation(entry: RawEntry): Location {
  const { locationOrLoadError: loaded } = entry;
  const failed = loaded?.__typename === "PythonError";
  // One that serves may have a newer version that does not load.
  const error = failed ? loaded : entry.newVersionError;
  const [repository] = loaded?.repositories ?? [];
  return {
    name: entry.name,
    state: failed ? "ERROR" : entry.loadStatus,
    updatedAt: entry.updatedTimestamp * 1000,
    source: Object.fromEntries(entry.displayMetadata.map(({ key, value }) => [key, value])),
    error: error && { message: error.message ?? "", stack: error.stack ?? [], cause: error.cause ?? null },
    repository: repository
      ? {
          jobs: repository.jobs,
          schedules: repository.schedules.map(({ scheduleState: state, pipelineName: job, ...rest }) => ({
            ...rest,
            job,
            state,
          })),
          sensors: repository.sensors.map(({ sensorState: state, targets, ...rest }) => ({
            ...rest,
            jobs: (targets ?? []).map(({ pipelineName }) => pipelineName),
            state,
          })),
        }
      : null,
  };
}

export async function listAssets(client: Client): Promise<AssetNode[]> {
  type Raw = Omit<AssetNode, "location" | "key" | "group" | "owners" | "upstream"> & {
    assetKey: { path: string[] };
    groupName: string;
    owners: { email?: string; team?: string }[];
    dependencyKeys: { path: string[] }[];
  };
  const { repositoriesOrError } = await client.query<{
    repositoriesOrError: Union & { nodes: { location: { name: string }; assetNodes: Raw[] }[] };
  }>(ASSETS);
  return good(repositoriesOrError, "RepositoryConnection").nodes.flatMap(({ location, assetNodes }) =>
    assetNodes.map(({ assetKey, groupName, owners, dependencyKeys, ...rest }) => ({
      ...rest,
      location: location.name,
      key: assetKey.path,
      group: groupName,
      owners: owners.map(({ email, team }) => email ?? (team?.startsWith("team:") ? team : `team:${team}`)),
      upstream: dependencyKeys.map(({ path }) => path),
    })),
  );
}

export async function switchInstigator(
  client: Client,
  kind: "schedule" | "sensor",
  location: string,
  instigator: Instigator,
  on: boolean,
): Promise<void> {
  const of = { repositoryLocationName: location, repositoryName: REPOSITORY };
  const { name, state } = instigator;
  const [document, variables] =
    kind === "schedule"
      ? on
        ? [START_SCHEDULE, { selector: { ...of, scheduleName: name } }]
        : [STOP_SCHEDULE, { id: state.id }]
      : on
        ? [START_SENSOR, { selector: { ...of, sensorName: name } }]
        : [STOP_SENSOR, { id: state.id }];
  const { answer } = await client.query<{ answer: Union }>(document, variables);
  good(answer, "ScheduleStateResult", "Sensor", "StopSensorMutationResult");
}

/** @param change absent = only look; `{ cursor: null }` takes it away. Returns the cursor after. */
export async function sensorCursor(
  client: Client,
  location: string,
  sensorName: string,
  change?: { cursor: string | null },
): Promise<string | null> {
  const selector = { repositoryLocationName: location, repositoryName: REPOSITORY, sensorName };
  if (change) {
    const { answer } = await client.query<{ answer: Union }>(SET_SENSOR_CURSOR, { selector, ...change });
    good(answer, "Sensor");
    return change.cursor;
  }
  type Found = Union & { sensorState: { typeSpecificData: { lastCursor: string | null } | null } };
  const { answer } = await client.query<{ answer: Found }>(SENSOR_CURSOR, { selector });
  return good(answer, "Sensor").sensorState.typeSpecificData?.lastCursor ?? null;
}

/** The one thing of this name, in the named location or in any. @throws NotFound with a suggestion, or naming the locations that have it */
export function pick<T extends { name: string }>(
  kind: string,
  name: string,
  locations: Location[],
  of: (repository: Repository) => T[],
  wanted: string | undefined,
): { location: string; value: T } {
  if (wanted !== undefined && !locations.some((location) => location.name === wanted))
    throw new NotFound(
      "Code location",
      wanted,
      hint(
        wanted,
        locations.map((location) => location.name),
      ).trim(),
    );
  const among = locations.filter((location) => wanted === undefined || location.name === wanted);
  const all = among.flatMap(({ name: location, repository }) =>
    repository ? of(repository).map((value) => ({ location, value })) : [],
  );
  const exact = all.filter(({ value }) => value.name === name);
  // A manifest's name has - where the definition has _.
  const found = exact.length > 0 ? exact : all.filter(({ value }) => value.name === definitionName(name));
  if (found.length === 1 && found[0]) return found[0];
  if (found.length > 1)
    throw new NotFound(
      `One ${kind} named`,
      name,
      `the locations ${found.map(({ location }) => location).join(", ")} each have one; choose with --location`,
    );
  const down = among
    .filter(({ repository }) => !repository)
    .map((location) => `${location.name} (${location.state})`);
  throw new NotFound(
    `${kind[0]?.toUpperCase()}${kind.slice(1)}`,
    name,
    `${hint(
      name,
      all.map(({ value }) => value.name),
    ).trim()}${down.length > 0 ? ` Not loaded: ${down.join(", ")}.` : ""}`,
  );
}
