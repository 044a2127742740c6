import { builder } from "./builder.ts";

export interface OriginModel {
  location: string;
  repository: string;
}
export const RepositoryMetadata = builder
  .objectRef<{ key: string; value: string }>("RepositoryMetadata")
  .implement({ fields: (t) => ({ key: t.exposeString("key"), value: t.exposeString("value") }) });
export const RepositoryOrigin = builder.objectRef<OriginModel>("RepositoryOrigin").implement({
  fields: (t) => ({
    id: t.string({ resolve: (origin) => `${origin.location}:${origin.repository}` }),
    repositoryLocationName: t.exposeString("location"),
    repositoryName: t.exposeString("repository"),
    repositoryLocationMetadata: t.field({ type: [RepositoryMetadata], resolve: () => [] }),
  }),
});
