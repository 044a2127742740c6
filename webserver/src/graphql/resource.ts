import type { ResourceModel } from "../definitions/location-index.ts";
import { builder, byTypename } from "./builder.ts";
import { ConfiguredValueType, NestedResourceType } from "./enums.ts";
import { PythonError, RepositoryNotFoundError, ResourceNotFoundError, repositoryNotFound } from "./errors.ts";
import { RepositorySelector, ResourceSelector } from "./inputs.ts";
import { findLocation } from "./location.ts";
import { AssetKey, ResourceDetails } from "./refs.ts";

interface Value {
  key: string;
  value: string;
  type: "VALUE" | "ENV_VAR";
}
/** The name of an environment variable is shown, never what it holds. */
const configuredValue = ([key, value]: [string, unknown]): Value => {
  const env = typeof value === "object" && value !== null && "env" in value ? value.env : undefined;
  if (typeof env === "string") return { key, value: env, type: "ENV_VAR" };
  return { key, value: typeof value === "string" ? value : JSON.stringify(value), type: "VALUE" };
};
const ConfiguredValue = builder.objectRef<Value>("ConfiguredValue").implement({
  fields: (t) => ({
    key: t.exposeString("key"),
    value: t.exposeString("value"),
    type: t.expose("type", { type: ConfiguredValueType }),
  }),
});
const NestedResourceEntry = builder
  .objectRef<{ name: string; resource: ResourceModel | null }>("NestedResourceEntry")
  .implement({
    fields: (t) => ({
      name: t.exposeString("name"),
      type: t.field({
        type: NestedResourceType,
        resolve: ({ resource }) => (resource ? "TOP_LEVEL" : "ANONYMOUS"),
      }),
      resource: t.expose("resource", { type: ResourceDetails, nullable: true }),
    }),
  });
const JobWithOps = builder.objectRef<{ jobName: string; opHandleIDs: string[] }>("JobWithOps").implement({
  fields: (t) => ({ jobName: t.exposeString("jobName"), opHandleIDs: t.exposeStringList("opHandleIDs") }),
});
/** Jobs of ops that hold an op which uses the resource. */
function jobsUsing({ def, location }: ResourceModel) {
  const ops = new Set(def.usedBy.ops);
  return [...location.jobs.values()].flatMap((job) => {
    if (job.def.target.kind !== "graph") return [];
    const graph = location.nodes.get(job.def.target.graph);
    const handles =
      graph?.kind === "graph" ? graph.nodes.filter((node) => ops.has(node.def)).map((node) => node.name) : [];
    return handles.length > 0 ? [{ jobName: job.def.name, opHandleIDs: handles }] : [];
  });
}

ResourceDetails.implement({
  fields: (t) => ({
    id: t.string({ resolve: ({ def, location }) => `${location.name}:${def.name}` }),
    name: t.string({ resolve: ({ def }) => def.name }),
    description: t.string({ nullable: true, resolve: ({ def }) => def.description ?? null }),
    configuredValues: t.field({
      type: [ConfiguredValue],
      resolve: ({ def }) => Object.entries(def.config).map(configuredValue),
    }),
    isTopLevel: t.boolean({ resolve: () => true }),
    nestedResources: t.field({
      type: [NestedResourceEntry],
      resolve: ({ def, location }) =>
        def.nested.map((name) => ({ name, resource: location.resources.get(name) ?? null })),
    }),
    parentResources: t.field({
      type: [NestedResourceEntry],
      resolve: ({ def, location }) =>
        [...location.resources.values()]
          .filter((other) => other.def.nested.includes(def.name))
          .map((resource) => ({ name: resource.def.name, resource })),
    }),
    resourceType: t.string({ resolve: ({ def }) => def.kind }),
    assetKeysUsing: t.field({ type: [AssetKey], resolve: ({ def }) => def.usedBy.assets }),
    jobsOpsUsing: t.field({ type: [JobWithOps], resolve: jobsUsing }),
    schedulesUsing: t.stringList({ resolve: ({ def }) => def.usedBy.schedules }),
    sensorsUsing: t.stringList({ resolve: ({ def }) => def.usedBy.sensors }),
  }),
});
const ResourceDetailsList = builder
  .objectRef<{ __typename: "ResourceDetailsList"; results: ResourceModel[] }>("ResourceDetailsList")
  .implement({ fields: (t) => ({ results: t.expose("results", { type: [ResourceDetails] }) }) });
const ResourceDetailsOrError = builder.unionType("ResourceDetailsOrError", {
  types: [ResourceDetails, ResourceNotFoundError, PythonError],
  resolveType: byTypename,
});
const ResourceDetailsListOrError = builder.unionType("ResourceDetailsListOrError", {
  types: [ResourceDetailsList, RepositoryNotFoundError, PythonError],
  resolveType: byTypename,
});
builder.queryFields((t) => ({
  topLevelResourceDetailsOrError: t.field({
    type: ResourceDetailsOrError,
    args: { resourceSelector: t.arg({ type: ResourceSelector, required: true }) },
    resolve: (_root, { resourceSelector: selector }, ctx) =>
      findLocation(ctx, selector)?.resources.get(selector.resourceName) ?? {
        __typename: "ResourceNotFoundError" as const,
        resourceName: selector.resourceName,
        message: `Code location ${selector.repositoryLocationName} has no resource ${selector.resourceName}.`,
      },
  }),
  allTopLevelResourceDetailsOrError: t.field({
    type: ResourceDetailsListOrError,
    args: { repositorySelector: t.arg({ type: RepositorySelector, required: true }) },
    resolve: (_root, { repositorySelector: selector }, ctx) => {
      const location = findLocation(ctx, selector);
      return location
        ? { __typename: "ResourceDetailsList" as const, results: [...location.resources.values()] }
        : repositoryNotFound(selector);
    },
  }),
}));
