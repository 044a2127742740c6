/** Code locations: where code comes from and whether it loads. */
import type { LocationEntry } from "@dagster-operator/engine";
import type { LocationIndex } from "../definitions/location-index.ts";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import { RepositoryLocationLoadStatus } from "./enums.ts";
import { PythonError, pythonError, RepositoryNotFoundError, repositoryNotFound } from "./errors.ts";
import { RepositorySelector } from "./inputs.ts";
import { Permission, permissions } from "./permission.ts";
import { type LocationModel, Repository, WorkspaceLocationEntry } from "./refs.ts";
import { locationModel, metadataOf, RepositoryLocation } from "./repository.ts";
import { RepositoryMetadata } from "./repository-origin.ts";
import { seconds } from "./time.ts";

const RepositoryLocationOrLoadError = builder.unionType("RepositoryLocationOrLoadError", {
  types: [RepositoryLocation, PythonError],
  resolveType: byTypename,
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
    newVersionError: t.field({
      type: PythonError,
      nullable: true,
      description: "Why a newer version of it does not load, while the one before serves.",
      resolve: ({ entry }) => (entry.state === "LOADED" && entry.error ? pythonError(entry.error) : null),
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
