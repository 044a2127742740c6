/** A code location's one repository: what it defines. */
import type { LocationEntry } from "@dagster-operator/engine";
import { type AssetNodeModel, type LocationIndex, REPOSITORY } from "../definitions/location-index.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { SensorType } from "./enums.ts";
import { jobsOf } from "./job.ts";
import { AssetKey, AssetNode, Job, Pipeline, Repository, ResourceDetails, Schedule, Sensor } from "./refs.ts";
import { RepositoryMetadata, RepositoryOrigin } from "./repository-origin.ts";
import { sensorType } from "./sensor-type.ts";

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
export const RepositoryLocation = builder
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
export const locationModel = (ctx: Context, name: string) => ({
  __typename: "RepositoryLocation" as const,
  name,
  entry: ctx.workspace.get(name),
  location: ctx.index.locations.get(name) ?? null,
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
export const metadataOf = (entry: LocationEntry | null) =>
  Object.entries(entry?.source ?? {}).map(([key, value]) => ({ key, value }));
