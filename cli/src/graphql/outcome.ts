/** Dagster's GraphQL answers with a union: one good type, and errors by name. Here the errors become ours. */
import { Conflict, InvalidInput, NotFound, Unavailable } from "@dagster-operator/engine";
import { RequestError } from "./client.ts";

export interface Union {
  __typename: string;
  message?: string;
  errors?: { message: string; stack?: { entries: { fieldName?: string }[] } | null }[];
}

/** Error fields that every operation asks for. */
export const ERRORS = `
  ... on Error { message }
`;

/** Gives the good member back. @throws the error that the other member stands for */
export function good<T extends Union>(answer: T, ...types: string[]): T {
  if (types.includes(answer.__typename)) return answer;
  throw toError(answer);
}

function toError({ __typename, message, errors }: Union): Error {
  const issues = (errors ?? []).map((error) => ({
    path: (error.stack?.entries ?? []).flatMap(({ fieldName }) => fieldName ?? []).join("."),
    message: error.message,
  }));
  const lines = issues.map((issue) => (issue.path ? `${issue.path}: ${issue.message}` : issue.message));
  const text = message || lines.join("\n") || `the server answered ${__typename}`;
  if (/NotFound/.test(__typename)) return new Missing(text);
  if (
    /ConfigValidationInvalid|Invalid|NoModeProvided|ConflictingExecutionParams|UnsupportedOperation/.test(
      __typename,
    )
  )
    return new InvalidInput(text, issues);
  if (/Conflict|TerminateRunFailure/.test(__typename)) return new Conflict(text);
  if (/LocationNotReady|Unavailable/.test(__typename)) return new Unavailable(text);
  if (__typename === "PythonError" && /is loading|does not load|was shut down|no code server/.test(text))
    return new Unavailable(text);
  return new RequestError(text);
}

/** The server's own words for what does not exist. */
class Missing extends NotFound {
  constructor(text: string) {
    super("", "");
    this.message = text;
  }
}
