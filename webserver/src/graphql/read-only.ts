/** A server that was started read-only: whatever would change something is refused, in Dagster's words for it. */
import { defaultFieldResolver, GraphQLError, type GraphQLSchema, getNamedType, isUnionType } from "graphql";
import type { Context } from "./context.ts";

export const READ_ONLY =
  "This server is read-only: use the one that is not, or start it without --read-only, to change anything.";

/** Every mutation answers `UnauthorizedError` where its type has that, else with an error, on a server that is read-only. */
export function refusingWrites(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const { resolve = defaultFieldResolver } = field;
    const type = getNamedType(field.type);
    const unauthorized =
      isUnionType(type) && type.getTypes().some(({ name }) => name === "UnauthorizedError");
    field.resolve = (root, args, context: Context, info) => {
      if (!context.instance.readOnly) return resolve(root, args, context, info);
      if (unauthorized) return { __typename: "UnauthorizedError", message: READ_ONLY };
      throw new GraphQLError(READ_ONLY);
    };
  }
  return schema;
}
