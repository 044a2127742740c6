/** What a person reads of a value that does not fit its schema. The launchpad's own check of the JSON Schema says the same. */
import type { z } from "zod";

type Issue = z.core.$ZodIssue;

const ARTICLES: Record<string, string> = { array: "a list", int: "an integer", object: "an object" };
const typed = (expected: string) => ARTICLES[expected] ?? `a ${expected}`;

/** The schema's own message where its author wrote one, or zod says it best. */
export function issueWords(issue: Issue, value: unknown): string {
  // What an author wrote is not to be replaced; zod's own messages begin so.
  if (!/^(Invalid input|Invalid option|Too small|Too big): expected /.test(issue.message))
    return issue.message;
  switch (issue.code) {
    case "invalid_type": {
      const given = at(value, issue.path);
      const wanted = `must be ${typed(issue.expected)}`;
      return given === undefined ? `is missing: it ${wanted}` : `${wanted}, not ${described(given)}`;
    }
    case "invalid_value": {
      const [only, ...more] = issue.values.map((choice) =>
        typeof choice === "bigint" ? String(choice) : JSON.stringify(choice),
      );
      return more.length === 0 ? `must be ${only}` : `must be one of ${[only, ...more].join(", ")}`;
    }
    case "too_small":
      return bounded(issue.origin, issue.minimum, issue.inclusive === false ? "more than" : "at least");
    case "too_big":
      return bounded(issue.origin, issue.maximum, issue.inclusive === false ? "less than" : "at most");
    default:
      return issue.message;
  }
}

function bounded(origin: string, limit: number | bigint, words: string): string {
  if (origin === "string") return `must have ${words} ${limit} characters`;
  return origin === "array" || origin === "set" || origin === "map"
    ? `must have ${words} ${limit} items`
    : `must be ${words} ${limit}`;
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let part = value;
  for (const key of path) part = (part as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return part;
}

function described(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? String(value));
}
