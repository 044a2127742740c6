import type { MetadataValue } from "@dagster-operator/sdk/internal";
import { builder } from "./builder.ts";
import { AssetKey, DefinitionTag, MetadataEntry, type MetadataEntryModel } from "./refs.ts";

const TYPENAME = {
  text: "TextMetadataEntry",
  markdown: "MarkdownMetadataEntry",
  int: "IntMetadataEntry",
  float: "FloatMetadataEntry",
  bool: "BoolMetadataEntry",
  null: "NullMetadataEntry",
  json: "JsonMetadataEntry",
  url: "UrlMetadataEntry",
  path: "PathMetadataEntry",
  notebook: "NotebookMetadataEntry",
  timestamp: "TimestampMetadataEntry",
  asset: "AssetMetadataEntry",
  run: "PipelineRunMetadataEntry",
  table: "TableMetadataEntry",
  image: "ImageMetadataEntry",
} as const satisfies Record<MetadataValue["type"], string>;
type Of<T extends MetadataValue["type"]> = { label: string; value: Extract<MetadataValue, { type: T }> };

export const metadataEntries = (metadata: Record<string, MetadataValue> | undefined): MetadataEntryModel[] =>
  Object.entries(metadata ?? {}).map(([label, value]) => ({ label, value }));

MetadataEntry.implement({
  resolveType: (entry) => TYPENAME[entry.value.type],
  fields: (t) => ({
    label: t.exposeString("label"),
    description: t.string({ nullable: true, resolve: () => null }),
  }),
});
const entry = <T extends MetadataValue["type"]>(type: T) => builder.objectRef<Of<T>>(TYPENAME[type]);
const interfaces = [MetadataEntry];

entry("text").implement({
  interfaces,
  fields: (t) => ({ text: t.string({ resolve: (e) => e.value.value }) }),
});
entry("markdown").implement({
  interfaces,
  fields: (t) => ({ mdStr: t.string({ resolve: (e) => e.value.value }) }),
});
const MAX_INT = 2 ** 31;
entry("int").implement({
  interfaces,
  fields: (t) => ({
    /** null where GraphQL's 32 bits do not hold it; `intRepr` always does. */
    intValue: t.int({
      nullable: true,
      resolve: ({ value: { value } }) => (value >= -MAX_INT && value < MAX_INT ? value : null),
    }),
    intRepr: t.string({ resolve: (e) => String(e.value.value) }),
  }),
});
entry("float").implement({
  interfaces,
  fields: (t) => ({
    floatValue: t.float({
      nullable: true,
      resolve: (e) => (Number.isFinite(e.value.value) ? e.value.value : null),
    }),
    floatRepr: t.string({ resolve: (e) => String(e.value.value) }),
  }),
});
entry("bool").implement({
  interfaces,
  fields: (t) => ({ boolValue: t.boolean({ nullable: true, resolve: (e) => e.value.value }) }),
});
entry("null").implement({ interfaces, fields: () => ({}) });
entry("json").implement({
  interfaces,
  fields: (t) => ({ jsonString: t.string({ resolve: (e) => JSON.stringify(e.value.value ?? null) }) }),
});
entry("url").implement({ interfaces, fields: (t) => ({ url: t.string({ resolve: (e) => e.value.value }) }) });
entry("path").implement({
  interfaces,
  fields: (t) => ({ path: t.string({ resolve: (e) => e.value.value }) }),
});
entry("notebook").implement({
  interfaces,
  fields: (t) => ({ path: t.string({ resolve: (e) => e.value.value }) }),
});
entry("timestamp").implement({
  interfaces,
  fields: (t) => ({ timestamp: t.float({ resolve: (e) => e.value.value }) }),
});
entry("asset").implement({
  interfaces,
  fields: (t) => ({ assetKey: t.field({ type: AssetKey, resolve: (e) => e.value.value }) }),
});
entry("run").implement({
  interfaces,
  fields: (t) => ({ runId: t.string({ resolve: (e) => e.value.value }) }),
});
entry("image").implement({
  interfaces,
  fields: (t) => ({
    mediaType: t.string({ resolve: (e) => e.value.mediaType }),
    data: t.string({ description: "SVG as text, PNG and JPEG in base64.", resolve: (e) => e.value.data }),
  }),
});

type TableValue = Of<"table">["value"];
const TableColumnConstraints = builder.objectRef<object>("TableColumnConstraints").implement({
  fields: (t) => ({
    nullable: t.boolean({ resolve: () => true }),
    unique: t.boolean({ resolve: () => false }),
    other: t.stringList({ resolve: () => [] }),
  }),
});
const TableConstraints = builder
  .objectRef<object>("TableConstraints")
  .implement({ fields: (t) => ({ other: t.stringList({ resolve: () => [] }) }) });
const TableColumn = builder.objectRef<TableValue["columns"][number]>("TableColumn").implement({
  fields: (t) => ({
    name: t.exposeString("name"),
    type: t.exposeString("type"),
    description: t.string({ nullable: true, resolve: (c) => c.description ?? null }),
    constraints: t.field({ type: TableColumnConstraints, resolve: () => ({}) }),
    tags: t.field({ type: [DefinitionTag], resolve: () => [] }),
  }),
});
const TableSchema = builder.objectRef<TableValue>("TableSchema").implement({
  fields: (t) => ({
    constraints: t.field({ type: TableConstraints, nullable: true, resolve: () => null }),
    columns: t.expose("columns", { type: [TableColumn] }),
  }),
});
const Table = builder.objectRef<TableValue>("Table").implement({
  fields: (t) => ({
    schema: t.field({ type: TableSchema, resolve: (table) => table }),
    records: t.stringList({
      description: "One JSON object a row.",
      resolve: (table) => table.rows.map((row) => JSON.stringify(row)),
    }),
  }),
});
/** Never answered: a table always has its rows. Clients ask for it. */
builder.objectRef<Of<"table">>("TableSchemaMetadataEntry").implement({
  interfaces,
  fields: (t) => ({ schema: t.field({ type: TableSchema, resolve: (e) => e.value }) }),
});
entry("table").implement({
  interfaces,
  fields: (t) => ({ table: t.field({ type: Table, resolve: (e) => e.value }) }),
});
