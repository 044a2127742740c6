/** One GraphQL request from text to answer, with Dagster's status codes. */
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLFormattedError,
  getOperationAST,
  parse,
  subscribe,
  validate,
} from "graphql";
import type { Context } from "../graphql/context.ts";
import { schema } from "../graphql/schema.ts";

export interface GraphQLParams {
  query: string;
  variables: Record<string, unknown> | undefined;
  operationName: string | undefined;
}
export interface Answer {
  status: number;
  body: { data?: unknown; errors?: readonly GraphQLFormattedError[] };
}
export type Outcome =
  | { kind: "answer"; answer: Answer }
  | { kind: "stream"; results: AsyncGenerator<ExecutionResult> };

/** Pages send the same few texts over and over; a client that sends new ones each time only loses the saving. */
const KEPT = 500;
const KEPT_LENGTH = 100_000;
const documents = new Map<string, DocumentNode | readonly GraphQLError[]>();
function prepare(query: string): DocumentNode | readonly GraphQLError[] {
  const known = documents.get(query);
  if (known) return known;
  let result: DocumentNode | readonly GraphQLError[];
  try {
    const document = parse(query, { maxTokens: 20_000 });
    const errors = validate(schema, document);
    result = errors.length > 0 ? errors : document;
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    result = [error];
  }
  if (query.length > KEPT_LENGTH) return result;
  if (documents.size >= KEPT) documents.delete(documents.keys().next().value as string);
  documents.set(query, result);
  return result;
}
const refused = (errors: readonly GraphQLError[]): Outcome => ({
  kind: "answer",
  answer: { status: 400, body: { data: null, errors: errors.map((error) => error.toJSON()) } },
});
const answerOf = (result: ExecutionResult, context: Context): Answer => {
  for (const error of result.errors ?? [])
    context.log.error({ err: error.originalError ?? error, path: error.path }, "a resolver failed");
  const errors = result.errors?.map((error) => error.toJSON());
  return { status: errors ? 500 : 200, body: { data: result.data ?? null, ...(errors ? { errors } : {}) } };
};

/** `readOnly`: a mutation is refused, since a link must not change anything. */
export async function runGraphQL(
  params: GraphQLParams,
  context: Context,
  options: { readOnly: boolean },
): Promise<Outcome> {
  const document = prepare(params.query);
  if (!("kind" in document)) return refused(document);
  const operation = getOperationAST(document, params.operationName);
  if (!operation) {
    const which = params.operationName
      ? `There is no operation named "${params.operationName}".`
      : "Name the operation to run in operationName.";
    return refused([new GraphQLError(which)]);
  }
  if (options.readOnly && operation.operation === "mutation")
    return {
      kind: "answer",
      answer: { status: 405, body: { data: null, errors: [{ message: "Send a mutation by POST." }] } },
    };
  const args = {
    schema,
    document,
    contextValue: context,
    variableValues: params.variables ?? {},
    operationName: params.operationName ?? null,
  };
  if (operation.operation !== "subscription") {
    const result = await execute(args);
    // Only variables that do not fit their types leave no data at all.
    if (result.data === undefined) return refused(result.errors ?? []);
    return { kind: "answer", answer: answerOf(result, context) };
  }
  const results = await subscribe(args);
  if (!(Symbol.asyncIterator in results)) return { kind: "answer", answer: answerOf(results, context) };
  return { kind: "stream", results: results as AsyncGenerator<ExecutionResult> };
}
