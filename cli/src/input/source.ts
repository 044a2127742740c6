import { InvalidInput } from "@dagster-operator/engine";

/** A place in a text file; line and column count from 1. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** One thing wrong at a place. `path` is where in the document, e.g. `load_from[0].typescript_file`. */
export interface SourceIssue extends Place {
  path: string;
  message: string;
  /** The line itself with a caret under the place, for people. */
  excerpt: string;
}

/** A file that a person must correct: every issue with its place. */
export class SourceError extends InvalidInput {
  override name = "SourceError";
  readonly places: SourceIssue[];
  constructor(places: SourceIssue[]) {
    super(
      places.map(formatIssue).join("\n"),
      places.map(({ path, message }) => ({ path, message })),
    );
    this.places = places;
  }
}

function formatIssue(issue: SourceIssue): string {
  return `${issue.file}:${issue.line}:${issue.column}: ${issue.message}${issue.excerpt ? `\n${issue.excerpt}` : ""}`;
}

/** `text`'s line with `length` carets under `column`; long lines are cut around the place. */
export function excerpt(text: string, line: number, column: number, length = 1): string {
  const whole = text.split("\n")[line - 1]?.replace(/\r$/, "").replaceAll("\t", " ") ?? "";
  const from = column > 100 ? column - 60 : 0;
  const shown = whole.slice(from, from + 140);
  const gutter = `${line}`.padStart(4);
  const carets = "^".repeat(Math.max(1, Math.min(length, shown.length - (column - from) + 1)));
  return `${gutter} | ${shown}\n     | ${" ".repeat(column - from - 1)}${carets}`;
}
