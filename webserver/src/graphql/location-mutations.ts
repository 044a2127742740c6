import { NotFound } from "@dagster-operator/engine";
import { builder, byTypename } from "./builder.ts";
import { PythonError, ReloadNotSupported, RepositoryLocationNotFound, UnauthorizedError } from "./errors.ts";
import { entryModel, WorkspaceType } from "./location.ts";
import { WorkspaceLocationEntry } from "./refs.ts";

const ReloadRepositoryLocationMutationResult = builder.unionType("ReloadRepositoryLocationMutationResult", {
  types: [
    WorkspaceLocationEntry,
    ReloadNotSupported,
    RepositoryLocationNotFound,
    UnauthorizedError,
    PythonError,
  ],
  resolveType: byTypename,
});
const ReloadWorkspaceMutationResult = builder.unionType("ReloadWorkspaceMutationResult", {
  types: [WorkspaceType, UnauthorizedError, PythonError],
  resolveType: byTypename,
});
const ShutdownRepositoryLocationSuccess = builder
  .objectRef<{ __typename: "ShutdownRepositoryLocationSuccess"; repositoryLocationName: string }>(
    "ShutdownRepositoryLocationSuccess",
  )
  .implement({ fields: (t) => ({ repositoryLocationName: t.exposeString("repositoryLocationName") }) });
const ShutdownRepositoryLocationMutationResult = builder.unionType(
  "ShutdownRepositoryLocationMutationResult",
  {
    types: [ShutdownRepositoryLocationSuccess, RepositoryLocationNotFound, UnauthorizedError, PythonError],
    resolveType: byTypename,
  },
);
const notFound = (error: unknown) => {
  if (error instanceof NotFound)
    return { __typename: "RepositoryLocationNotFound" as const, message: error.message };
  throw error;
};

builder.mutationFields((t) => ({
  reloadRepositoryLocation: t.field({
    type: ReloadRepositoryLocationMutationResult,
    args: { repositoryLocationName: t.arg.string({ required: true }) },
    resolve: async (_root, { repositoryLocationName: name }, ctx) => {
      try {
        const entry = await ctx.workspace.reload(name);
        ctx.index = ctx.reindex();
        ctx.log.info({ location: name, state: entry.state }, "code location reloaded");
        return entryModel(entry);
      } catch (error) {
        return notFound(error);
      }
    },
  }),
  reloadWorkspace: t.field({
    type: ReloadWorkspaceMutationResult,
    resolve: async (_root, _args, ctx) => {
      await Promise.all(ctx.workspace.list().map(({ name }) => ctx.workspace.reload(name)));
      ctx.index = ctx.reindex();
      return { __typename: "Workspace" as const, entries: ctx.workspace.list() };
    },
  }),
  shutdownRepositoryLocation: t.field({
    type: ShutdownRepositoryLocationMutationResult,
    args: { repositoryLocationName: t.arg.string({ required: true }) },
    resolve: async (_root, { repositoryLocationName: name }, ctx) => {
      try {
        await ctx.workspace.shutdown(name);
        ctx.log.info({ location: name }, "code location shut down");
        return { __typename: "ShutdownRepositoryLocationSuccess" as const, repositoryLocationName: name };
      } catch (error) {
        return notFound(error);
      }
    },
  }),
}));
