/** YAML with places: every complaint names file, line and column. */

import { keysAt } from "@dagster-operator/engine";
import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseAllDocuments } from "yaml";
import type { z } from "zod";
import { excerpt, type Place, SourceError, type SourceIssue } from "./source.ts";
import { hint } from "./suggest.ts";

export interface SourceDocument {
  file: string;
  /** Plain JavaScript value of the document. */
  value: unknown;
  /** An issue at a path of this document: at its key when `onKey`, else at its value; at the nearest parent that exists. */
  issue(path: readonly PropertyKey[], message: string, onKey?: boolean): SourceIssue;
  place(path: readonly PropertyKey[]): Place;
}

/** All documents of a file; empty ones are left out. @throws SourceError syntax errors, duplicate keys */
export function readDocuments(file: string, text: string): SourceDocument[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  if (!Array.isArray(documents)) return [];
  const broken = documents.flatMap((document) =>
    document.errors.map((error) =>
      at(file, text, lines, error.pos[0], error.pos[1], "", clean(error.message)),
    ),
  );
  if (broken.length > 0) throw new SourceError(broken);
  return documents
    .filter((document) => document.contents !== null)
    .map((document) => wrap(file, text, lines, document));
}

/** Checks a document with a schema. @throws SourceError with every issue, unknown keys with a suggestion */
export function check<T extends z.ZodType>(document: SourceDocument, schema: T): z.output<T> {
  const parsed = schema.safeParse(document.value);
  if (parsed.success) return parsed.data;
  throw new SourceError(parsed.error.issues.flatMap((issue) => describe(document, schema, issue)));
}

function describe(
  document: SourceDocument,
  schema: z.ZodType,
  issue: z.core.$ZodIssue,
  base: PropertyKey[] = [],
): SourceIssue[] {
  const path = [...base, ...issue.path];
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) =>
      document.issue([...path, key], `unknown key "${key}".${hint(key, keysAt(schema, path))}`, true),
    );
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The branch that got furthest is the one that was meant.
    const depth = (branch: z.core.$ZodIssue[]) => Math.max(0, ...branch.map((one) => one.path.length));
    const fitting = issue.errors.reduce((best, branch) => (depth(branch) > depth(best) ? branch : best));
    if (depth(fitting) > 0) return fitting.flatMap((one) => describe(document, schema, one, path));
  }
  const missing = issue.code === "invalid_type" && valueAt(document.value, path) === undefined;
  const last = path.at(-1);
  if (missing && last !== undefined)
    return [document.issue(path.slice(0, -1), `"${String(last)}" is missing (${expected(issue)})`, true)];
  return [document.issue(path, `${pathText(path) || "document"}: ${issue.message}`)];
}

const expected = (issue: z.core.$ZodIssue) =>
  "expected" in issue ? `expected ${String(issue.expected)}` : "required";

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<PropertyKey, unknown>)[key];
  }
  return current;
}

/** `load_from[0].typescript_file` */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : `${text}${text ? "." : ""}${String(key)}`),
    "",
  );
}

function wrap(file: string, text: string, lines: LineCounter, document: Document): SourceDocument {
  const issue: SourceDocument["issue"] = (path, message, onKey = false) => {
    const [from, to] = range(document, path, onKey);
    return at(file, text, lines, from, to, pathText(path), message);
  };
  return {
    file,
    value: document.toJS({ maxAliasCount: 100 }),
    issue,
    place: (path) => {
      const { line, column } = issue(path, "");
      return { file, line, column };
    },
  };
}

/** Offsets of the key or value at a path, or of the nearest thing around it that exists. */
function range(document: Document, path: readonly PropertyKey[], onKey: boolean): [number, number] {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(last));
      const node = onKey || length < path.length || !isNode(pair?.value) ? pair?.key : pair?.value;
      if (isNode(node) && node.range) return [node.range[0], node.range[1]];
    } else {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return [node.range[0], node.range[1]];
    }
  }
  const contents = document.contents as Node | null;
  return contents?.range ? [contents.range[0], contents.range[0] + 1] : [0, 1];
}

function at(
  file: string,
  text: string,
  lines: LineCounter,
  from: number,
  to: number,
  path: string,
  message: string,
): SourceIssue {
  const { line, col } = lines.linePos(Math.min(from, text.length));
  const end = text.indexOf("\n", from);
  const length = Math.max(1, Math.min(to, end < 0 ? text.length : end) - from);
  return { file, line, column: col, path, message, excerpt: excerpt(text, line, col, length) };
}

const clean = (message: string) => message.replace(/ at line \d+, column \d+:?[\s\S]*$/, "");
