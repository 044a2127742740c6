/** Code locations and their repositories. */
import type { LocationEntry } from "@dagster-operator/engine";
import { type AssetNodeModel, type LocationIndex, REPOSITORY } from "../definitions/location-index.ts";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import { RepositoryLocationLoadStatus, SensorType } from "./enums.ts";
import { PythonError, pythonError, RepositoryNotFoundError, repositoryNotFound } from "./errors.ts";
import { RepositorySelector } from "./inputs.ts";
import { jobsOf } from "./job.ts";
import {
  AssetKey,
  AssetNode,
  Job,
  type LocationModel,
  Pipeline,
  Repository,
  ResourceDetails,
  Schedule,
  Sensor,
  WorkspaceLocationEntry,
} from "./refs.ts";
import { RepositoryMetadata, RepositoryOrigin } from "./repository-origin.ts";
import { sensorType } from "./sensor-type.ts";
import { seconds } from "./time.ts";

const byName = <T extends { def: { name: string } }>(models: Iterable<T>): T[] =>
  [...models].sort((a, b) => (a.def.name < b.def.name ? -1 : 1));

interface Group {
  id: string;
  groupName: string;
  assetKeys: string[][];
}
function groupsOf(location: LocationIndex): Group[] {
  const groups = new Map<string, Group>();
  for (const { def } of location.assets.values()) {
    const group = groups.get(def.group) ?? {
      id: `${location.name}-${REPOSITORY}-${def.group}`,
      groupName: def.group,
      assetKeys: [],
    };
    group.assetKeys.push(def.key);
    groups.set(def.group, group);
  }
  return [...groups.values()].sort((a, b) => (a.groupName < b.groupName ? -1 : 1));
}
const AssetGroup = builder.objectRef<Group>("AssetGroup").implement({
  fields: (t) => ({
    id: t.exposeString("id"),
    groupName: t.exposeString("groupName"),
    assetKeys: t.expose("assetKeys", { type: [AssetKey] }),
  }),
});
const RepositoryLocation = builder
  .objectRef<{
    __typename: "RepositoryLocation";
    name: string;
    entry: LocationEntry | null;
    location: LocationIndex | null;
  }>("RepositoryLocation")
  .implement({
    fields: (t) => ({
      id: t.id({ resolve: ({ name }) => name }),
      name: t.exposeString("name"),
      isReloadSupported: t.boolean({ resolve: () => true }),
      environmentPath: t.string({
        nullable: true,
        resolve: ({ entry }) => Object.values(entry?.source ?? {})[0] ?? null,
      }),
      repositories: t.field({ type: [Repository], resolve: ({ location }) => (location ? [location] : []) }),
      serverId: t.string({ nullable: true, resolve: ({ entry }) => entry?.codeVersion ?? null }),
      dagsterLibraryVersions: t.field({
        type: [DagsterLibraryVersion],
        nullable: true,
        resolve: ({ location }) =>
          location
            ? [
                {
                  name: location.snapshot.language === "python" ? "dagster" : "@dagster-operator/sdk",
                  version: location.snapshot.library,
                },
              ]
            : null,
      }),
    }),
  });
const DagsterLibraryVersion = builder
  .objectRef<{ name: string; version: string }>("DagsterLibraryVersion")
  .implement({ fields: (t) => ({ name: t.exposeString("name"), version: t.exposeString("version") }) });
const locationModel = (ctx: Context, name: string) => ({
  __typename: "RepositoryLocation" as const,
  name,
  entry: ctx.workspace.get(name),
  location: ctx.index.locations.get(name) ?? null,
});
const RepositoryLocationOrLoadError = builder.unionType("RepositoryLocationOrLoadError", {
  types: [RepositoryLocation, PythonError],
  resolveType: byTypename,
});

Repository.implement({
  fields: (t) => ({
    id: t.id({ resolve: ({ name }) => `${name}:${REPOSITORY}` }),
    name: t.string({ resolve: () => REPOSITORY }),
    location: t.field({
      type: RepositoryLocation,
      resolve: ({ name }, _args, ctx) => locationModel(ctx, name),
    }),
    pipelines: t.field({ type: [Pipeline], resolve: jobsOf }),
    jobs: t.field({ type: [Job], resolve: jobsOf }),
    origin: t.field({
      type: RepositoryOrigin,
      resolve: ({ name }) => ({ location: name, repository: REPOSITORY }),
    }),
    schedules: t.field({ type: [Schedule], resolve: ({ schedules }) => byName(schedules.values()) }),
    sensors: t.field({
      type: [Sensor],
      args: { sensorType: t.arg({ type: SensorType }) },
      resolve: ({ sensors }, args) =>
        byName(sensors.values()).filter(
          ({ def }) => !args.sensorType || sensorType(def.kind) === args.sensorType,
        ),
    }),
    assetNodes: t.field({
      type: [AssetNode],
      resolve: ({ assets }): AssetNodeModel[] => [...assets.values()],
    }),
    displayMetadata: t.field({
      type: [RepositoryMetadata],
      resolve: ({ name }, _args, ctx) => metadataOf(ctx.workspace.get(name)),
    }),
    assetGroups: t.field({ type: [AssetGroup], resolve: groupsOf }),
    allTopLevelResourceDetails: t.field({
      type: [ResourceDetails],
      resolve: ({ resources }) => byName(resources.values()),
    }),
  }),
});
const metadataOf = (entry: LocationEntry | null) =>
  Object.entries(entry?.source ?? {}).map(([key, value]) => ({ key, value }));

const PERMISSIONS = [
  "launch_pipeline_execution",
  "launch_pipeline_reexecution",
  "start_schedule",
  "stop_running_schedule",
  "edit_sensor",
  "update_sensor_cursor",
  "terminate_pipeline_execution",
  "delete_pipeline_run",
  "reload_repository_location",
  "reload_workspace",
  "wipe_assets",
  "report_runless_asset_events",
  "edit_dynamic_partitions",
  "toggle_auto_materialize",
];
/** Backfills and pools come later: the page then shows no control for them. */
const DENIED = [
  "launch_partition_backfill",
  "cancel_partition_backfill",
  "edit_concurrency_limit",
  "edit_workspace",
];
interface PermissionModel {
  permission: string;
  value: boolean;
  disabledReason: string | null;
}
const permissions = (): PermissionModel[] => [
  ...PERMISSIONS.map((permission) => ({ permission, value: true, disabledReason: null })),
  ...DENIED.map((permission) => ({
    permission,
    value: false,
    disabledReason: "Not supported by this server.",
  })),
];
const Permission = builder.objectRef<PermissionModel>("Permission").implement({
  fields: (t) => ({
    permission: t.exposeString("permission"),
    value: t.exposeBoolean("value"),
    disabledReason: t.exposeString("disabledReason", { nullable: true }),
  }),
});
const FeatureFlag = builder
  .objectRef<{ name: string; enabled: boolean }>("FeatureFlag")
  .implement({ fields: (t) => ({ name: t.exposeString("name"), enabled: t.exposeBoolean("enabled") }) });

/** Changes with the definitions and with the state, so that a page knows when to ask again. */
const versionKey = (entry: LocationEntry): string =>
  `${entry.snapshot?.hash ?? "none"}:${entry.state}:${entry.updatedAt}`;
const loadStatus = (entry: LocationEntry) =>
  entry.state === "LOADING" ? ("LOADING" as const) : ("LOADED" as const);
function loadError(entry: LocationEntry) {
  if (entry.state === "ERROR")
    return pythonError(
      entry.error ?? { name: "LoadError", message: `Code location ${entry.name} does not load.` },
    );
  if (entry.state === "SHUTDOWN")
    return pythonError({
      name: "Shutdown",
      message: `Code location ${entry.name} was shut down. Reload it to start it again.`,
    });
  return null;
}

WorkspaceLocationEntry.implement({
  fields: (t) => ({
    id: t.id({ resolve: ({ entry }) => entry.name }),
    name: t.string({ resolve: ({ entry }) => entry.name }),
    locationOrLoadError: t.field({
      type: RepositoryLocationOrLoadError,
      nullable: true,
      resolve: ({ entry }, _args, ctx) =>
        loadError(entry) ??
        (entry.state === "LOADING" && !entry.snapshot ? null : locationModel(ctx, entry.name)),
    }),
    loadStatus: t.field({ type: RepositoryLocationLoadStatus, resolve: ({ entry }) => loadStatus(entry) }),
    displayMetadata: t.field({ type: [RepositoryMetadata], resolve: ({ entry }) => metadataOf(entry) }),
    locationSource: t.field({
      type: [RepositoryMetadata],
      description: "What a person would recognise the code by: file, module, image, host.",
      resolve: ({ entry }) => metadataOf(entry),
    }),
    updatedTimestamp: t.float({ resolve: ({ entry }) => seconds(entry.updatedAt) }),
    versionKey: t.string({ resolve: ({ entry }) => versionKey(entry) }),
    permissions: t.field({ type: [Permission], resolve: permissions }),
    featureFlags: t.field({ type: [FeatureFlag], resolve: () => [] }),
  }),
});

export interface WorkspaceModel {
  __typename: "Workspace";
  entries: LocationEntry[];
}
export const entryModel = (entry: LocationEntry): LocationModel => ({
  __typename: "WorkspaceLocationEntry",
  entry,
});
export const WorkspaceType = builder.objectRef<WorkspaceModel>("Workspace").implement({
  fields: (t) => ({
    id: t.string({ resolve: () => "workspace" }),
    locationEntries: t.field({
      type: [WorkspaceLocationEntry],
      resolve: ({ entries }) => entries.map(entryModel),
    }),
  }),
});
const WorkspaceOrError = builder.unionType("WorkspaceOrError", {
  types: [WorkspaceType, PythonError],
  resolveType: byTypename,
});
const WorkspaceLocationEntryOrError = builder.unionType("WorkspaceLocationEntryOrError", {
  types: [WorkspaceLocationEntry, PythonError],
  resolveType: byTypename,
});
const WorkspaceLocationStatusEntry = builder
  .objectRef<LocationEntry>("WorkspaceLocationStatusEntry")
  .implement({
    fields: (t) => ({
      id: t.id({ resolve: (entry) => `location_status:${entry.name}` }),
      name: t.exposeString("name"),
      loadStatus: t.field({ type: RepositoryLocationLoadStatus, resolve: loadStatus }),
      updateTimestamp: t.float({ resolve: (entry) => seconds(entry.updatedAt) }),
      versionKey: t.string({ resolve: versionKey }),
      permissions: t.field({ type: [Permission], resolve: permissions }),
    }),
  });
const WorkspaceLocationStatusEntries = builder
  .objectRef<{ __typename: "WorkspaceLocationStatusEntries"; entries: LocationEntry[] }>(
    "WorkspaceLocationStatusEntries",
  )
  .implement({ fields: (t) => ({ entries: t.expose("entries", { type: [WorkspaceLocationStatusEntry] }) }) });
const WorkspaceLocationStatusEntriesOrError = builder.unionType("WorkspaceLocationStatusEntriesOrError", {
  types: [WorkspaceLocationStatusEntries, PythonError],
  resolveType: byTypename,
});
const RepositoryConnection = builder
  .objectRef<{ __typename: "RepositoryConnection"; nodes: LocationIndex[] }>("RepositoryConnection")
  .implement({ fields: (t) => ({ nodes: t.expose("nodes", { type: [Repository] }) }) });
const RepositoriesOrError = builder.unionType("RepositoriesOrError", {
  types: [RepositoryConnection, RepositoryNotFoundError, PythonError],
  resolveType: byTypename,
});
const RepositoryOrError = builder.unionType("RepositoryOrError", {
  types: [PythonError, Repository, RepositoryNotFoundError],
  resolveType: byTypename,
});

interface Selector {
  repositoryName: string;
  repositoryLocationName: string;
}
/** A Python location's repository may bear another name; each location has exactly one, so the location decides. */
export const findLocation = (ctx: Context, selector: Selector): LocationIndex | null =>
  ctx.index.locations.get(selector.repositoryLocationName) ?? null;

builder.queryFields((t) => ({
  workspaceOrError: t.field({
    type: WorkspaceOrError,
    resolve: (_root, _args, ctx) => ({ __typename: "Workspace" as const, entries: ctx.workspace.list() }),
  }),
  locationStatusesOrError: t.field({
    type: WorkspaceLocationStatusEntriesOrError,
    resolve: (_root, _args, ctx) => ({
      __typename: "WorkspaceLocationStatusEntries" as const,
      entries: ctx.workspace.list(),
    }),
  }),
  workspaceLocationEntryOrError: t.field({
    type: WorkspaceLocationEntryOrError,
    nullable: true,
    args: { name: t.arg.string({ required: true }) },
    resolve: (_root, { name }, ctx) => {
      const entry = ctx.workspace.get(name);
      return entry ? entryModel(entry) : null;
    },
  }),
  repositoriesOrError: t.field({
    type: RepositoriesOrError,
    args: { repositorySelector: t.arg({ type: RepositorySelector }) },
    resolve: (_root, { repositorySelector: selector }, ctx) => {
      if (!selector)
        return { __typename: "RepositoryConnection" as const, nodes: [...ctx.index.locations.values()] };
      const location = findLocation(ctx, selector);
      return location
        ? { __typename: "RepositoryConnection" as const, nodes: [location] }
        : repositoryNotFound(selector);
    },
  }),
  repositoryOrError: t.field({
    type: RepositoryOrError,
    args: { repositorySelector: t.arg({ type: RepositorySelector, required: true }) },
    resolve: (_root, { repositorySelector }, ctx) =>
      findLocation(ctx, repositorySelector) ?? repositoryNotFound(repositorySelector),
  }),
  permissions: t.field({ type: [Permission], resolve: permissions }),
  canBulkTerminate: t.boolean({ resolve: () => true }),
  shouldShowNux: t.boolean({ resolve: () => false }),
}));
