/** Dagster's GraphQL answers with a union: one good type, and errors by name. Here the errors become ours. */
import { Conflict, InvalidInput, NotFound, Unavailable } from "@dagster-operator/engine";
import { RequestError } from "./client.ts";

export interface Union {
  __typename: string;
  message?: string;
  /** Name of the server's own error, for a PythonError. */
  className?: string | null;
  invalidStepKey?: string;
  errors?: { message: string; stack?: { entries: { fieldName?: string }[] } | null }[];
}

/** Error fields that every operation asks for. */
export const ERRORS = `
  ... on Error { message }
  ... on PythonError { className }
`;

/** Gives the good member back. @throws the error that the other member stands for */
export function good<T extends Union>(answer: T, ...types: string[]): T {
  if (types.includes(answer.__typename)) return answer;
  throw toError(answer);
}

function toError({ __typename, message, className, invalidStepKey, errors }: Union): Error {
  const issues = (errors ?? []).map((error) => ({
    path: (error.stack?.entries ?? []).flatMap(({ fieldName }) => fieldName ?? []).join("."),
    message: error.message,
  }));
  const lines = issues.map((issue) => (issue.path ? `${issue.path}: ${issue.message}` : issue.message));
  const refused =
    lines.length > 0 && `Nothing was launched:\n${lines.join("\n").replace(/^/gm, "  ")}${howTo(issues)}`;
  const noStep = invalidStepKey !== undefined && `There is no step ${invalidStepKey} in this job.`;
  const text = message || refused || noStep || `the server answered ${__typename}`;
  const name = __typename === "PythonError" ? (className ?? "") : __typename;
  if (/NotFound/.test(name)) return new Missing(text);
  if (/Invalid|NoModeProvided|ConflictingExecutionParams|UnsupportedOperation/.test(name))
    return new InvalidInput(text, issues);
  if (/Conflict|TerminateRunFailure/.test(name)) return new Conflict(text);
  if (/Unavailable/.test(name)) return new Unavailable(text);
  return new RequestError(text);
}

const howTo = (issues: { path: string }[]) =>
  issues.some(({ path }) => /^(ops|resources|execution|loggers)\b/.test(path))
    ? "\nRun config is given by -c FILE or --config-json TEXT; the job's Launchpad on the page writes a first one."
    : "";

/** The server's own words for what does not exist. */
class Missing extends NotFound {
  constructor(text: string) {
    super("", "");
    this.message = text;
  }
}
