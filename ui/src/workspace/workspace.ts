import { type UseQueryResult, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { send } from "../graphql/client.ts";
import {
  AssetGraph,
  Automation,
  LocationStatuses,
  type RepositorySelector,
  Workspace,
  type WorkspaceResult,
} from "../graphql/generated/operations.ts";
import { keyOf, queryClient, useGraphQL } from "../graphql/hooks.ts";

type Entries = Extract<WorkspaceResult["workspaceOrError"], { __typename: "Workspace" }>["locationEntries"];
export type LocationEntry = Entries[number];
export type LoadedLocation = Extract<
  NonNullable<LocationEntry["locationOrLoadError"]>,
  { __typename: "RepositoryLocation" }
>;
export type RepositoryEntry = LoadedLocation["repositories"][number];

/** A repository together with the location it is in. */
export interface Place {
  readonly location: string;
  readonly repository: RepositoryEntry;
}

/** All code locations and what they define; asked again when `useReloadWatch` sees a new version. */
export function useWorkspace(): {
  entries: Entries;
  places: Place[];
  query: UseQueryResult<WorkspaceResult>;
} {
  const query = useGraphQL(Workspace, {}, { every: 30_000 });
  const entries = entriesOf(query.data);
  const places = useMemo(() => entries.flatMap(placesOf), [entries]);
  return { entries, places, query };
}
const NONE: Entries = [];

/** What `useWorkspace` shows, once it is there: who acts on a page may be faster than its query. */
export async function loadedPlaces(): Promise<Place[]> {
  const queryFn = ({ signal }: { signal: AbortSignal }) => send(Workspace, {}, signal);
  const data = await queryClient.ensureQueryData({ queryKey: keyOf(Workspace, {}), queryFn });
  return entriesOf(data).flatMap(placesOf);
}

function entriesOf(data: WorkspaceResult | undefined): Entries {
  const workspace = data?.workspaceOrError;
  return workspace?.__typename === "Workspace" ? workspace.locationEntries : NONE;
}

function placesOf(entry: LocationEntry): Place[] {
  const loaded = entry.locationOrLoadError;
  if (loaded?.__typename !== "RepositoryLocation") return [];
  return loaded.repositories.map((repository) => ({ location: entry.name, repository }));
}

/** Which repository of a location has this job, schedule or sensor. */
export function selectorOf(
  places: readonly Place[],
  location: string,
  has: (repository: RepositoryEntry) => boolean,
): RepositorySelector | null {
  const place =
    places.find((p) => p.location === location && has(p.repository)) ??
    places.find((p) => p.location === location);
  return place ? { repositoryLocationName: location, repositoryName: place.repository.name } : null;
}

/** Polls the cheap list of versions; when one changes, asks again for everything that comes from definitions. */
export function useReloadWatch(): {
  entries: ReadonlyArray<{ name: string; loadStatus: "LOADING" | "LOADED" }>;
  down: boolean;
} {
  const client = useQueryClient();
  const { data, error } = useGraphQL(LocationStatuses, {}, { every: 3000 });
  const entries =
    data?.locationStatusesOrError.__typename === "WorkspaceLocationStatusEntries"
      ? data.locationStatusesOrError.entries
      : [];
  const version = entries
    .map((e) => `${e.name}=${e.versionKey}:${e.loadStatus}:${e.updateTimestamp}`)
    .join("|");
  const last = useRef("");
  useEffect(() => {
    const changed = last.current !== "" && version !== "" && version !== last.current;
    if (version !== "") last.current = version;
    if (!changed) return;
    for (const { name } of [Workspace, AssetGraph, Automation])
      void client.invalidateQueries({ queryKey: [name] });
    for (const name of ["AssetPage", "JobPage", "SchedulePage", "SensorPage", "Resources"])
      void client.invalidateQueries({ queryKey: [name] });
  }, [version, client]);
  return { entries, down: error !== null && data === undefined };
}
