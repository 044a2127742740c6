import SchemaBuilder from "@pothos/core";
import type { Context } from "./context.ts";

export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    /** Run config: an object, or its text as YAML or JSON. */
    RunConfigData: { Input: unknown; Output: unknown };
  };
}>({ defaultFieldNullability: false });

builder.scalarType("RunConfigData", {
  serialize: (value) => value,
  description: "Run config as an object, or as JSON text.",
});
builder.queryType();
builder.mutationType();
builder.subscriptionType();

/** Members carry their own `__typename`, so a union needs no code to tell them apart. */
export const byTypename = (value: unknown): string => (value as { __typename: string }).__typename;
