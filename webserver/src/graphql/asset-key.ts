import { AssetCheckHandle, AssetKey, DefinitionTag, PipelineTag } from "./refs.ts";

AssetKey.implement({ fields: (t) => ({ path: t.stringList({ resolve: (key) => key }) }) });
AssetCheckHandle.implement({
  fields: (t) => ({
    name: t.exposeString("name"),
    assetKey: t.field({ type: AssetKey, resolve: (handle) => handle.asset }),
  }),
});
DefinitionTag.implement({ fields: (t) => ({ key: t.exposeString("key"), value: t.exposeString("value") }) });
PipelineTag.implement({ fields: (t) => ({ key: t.exposeString("key"), value: t.exposeString("value") }) });
