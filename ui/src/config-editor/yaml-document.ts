import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { JsonSchema, Path } from "./json-schema.ts";
import { validate } from "./validate.ts";

export interface Marker {
  /** Offsets into the text. */
  readonly from: number;
  readonly to: number;
  readonly message: string;
  readonly severity: "error" | "warning";
}

/** Syntax errors of a YAML text, or, when it parses, every place where it does not fit the schema. Empty text is `{}`. */
export function lintYaml(text: string, schema: JsonSchema | null): Marker[] {
  const document = parseDocument(text, { lineCounter: new LineCounter(), prettyErrors: false });
  const markers: Marker[] = [...document.errors, ...document.warnings].map((error) => ({
    from: Math.min(error.pos[0], text.length),
    to: Math.min(Math.max(error.pos[1], error.pos[0] + 1), text.length),
    message: error.message,
    severity: error.name === "YAMLWarning" ? "warning" : "error",
  }));
  if (document.errors.length > 0 || !schema) return markers;
  const value: unknown = document.toJS() ?? {};
  for (const fault of validate(value, schema)) {
    const [from, to] = rangeAt(document.contents, fault.path, fault.atKey, text);
    markers.push({ from, to, message: fault.message, severity: "error" });
  }
  return markers;
}

/** Where the value (or the key) at `path` stands; for a path that is not in the text, its nearest ancestor's key. */
export function rangeAt(root: Node | null, path: Path, atKey: boolean, text: string): [number, number] {
  let node: unknown = root;
  let best: [number, number] = [0, Math.max(0, text.indexOf("\n") < 0 ? text.length : text.indexOf("\n"))];
  let keyRange: [number, number] | null = null;
  for (const part of path) {
    keyRange = null;
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(part),
      );
      if (!pair || !isScalar(pair.key) || !pair.key.range) return best;
      keyRange = [pair.key.range[0], pair.key.range[1]];
      best = keyRange;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
    } else return best;
  }
  if (atKey && keyRange) return keyRange;
  const range = (node as Node | null)?.range;
  if (!range || range[1] <= range[0]) return best;
  // A long block is marked at its key, a scalar or short value as a whole.
  if ((isMap(node) || isSeq(node)) && text.slice(range[0], range[1]).includes("\n") && keyRange)
    return keyRange;
  return [range[0], range[1]];
}

/** Where the cursor is: the path of the enclosing object, and whether a key or a value is being written there. */
export interface Spot {
  readonly path: Path;
  readonly writing: "key" | "value";
  /** Start of the word under the cursor. */
  readonly from: number;
  readonly siblings: readonly string[];
}

/** Works from indentation, since a text that is being typed rarely parses. */
export function spotAt(text: string, offset: number): Spot {
  const lines = text.slice(0, offset).split("\n");
  const line = lines.pop() ?? "";
  const value = /^(\s*(?:- +)*)(["']?)([\w./$@-]+)\2:\s+([^#]*)$/.exec(line);
  const key = /^(\s*(?:- +)*)([\w./$@-]*)$/.exec(line);
  const word = /[\w./$@"'-]*$/.exec(line)?.[0] ?? "";
  const indent = (value?.[1] ?? key?.[1] ?? /^\s*/.exec(line)?.[0] ?? "").length;
  const path = pathFor(lines, indent, /^\s*- /.test(line), line);
  if (value?.[3] !== undefined)
    return {
      path: [...path, value[3]],
      writing: "value",
      from: offset - (value[4] ?? "").length,
      siblings: [],
    };
  return {
    path,
    writing: key ? "key" : "value",
    from: offset - word.length,
    siblings: siblingsOf(text, lines.length, indent),
  };
}

function pathFor(
  before: readonly string[],
  indent: number,
  inItem: boolean,
  line: string,
): (string | number)[] {
  const path: (string | number)[] = [];
  let limit = indent;
  let dash = inItem ? line.indexOf("-") : -1;
  if (dash >= 0) path.unshift(itemsBefore(before, dash));
  if (dash >= 0) limit = dash + 1;
  for (let i = before.length - 1; i >= 0 && limit > 0; i--) {
    const text = before[i] ?? "";
    if (/^\s*(#|$)/.test(text)) continue;
    const match = /^(\s*)((?:- +)?)(["']?)([\w./$@-]+)\3:\s*(.*)$/.exec(text);
    if (!match) continue;
    const [, space = "", bullet = "", , name = ""] = match;
    const at = space.length + bullet.length;
    if (at < limit) {
      path.unshift(name);
      limit = at;
    }
    if (bullet !== "" && space.length < limit && at <= limit) {
      dash = space.length;
      path.unshift(itemsBefore(before.slice(0, i), dash));
      limit = dash + 1;
    }
  }
  return path;
}

function itemsBefore(before: readonly string[], dash: number): number {
  let count = 0;
  for (let i = before.length - 1; i >= 0; i--) {
    const text = before[i] ?? "";
    const at = text.search(/\S/);
    if (at < 0) continue;
    if (at === dash && text[at] === "-") count++;
    else if (at <= dash && text[at] !== "-") break;
  }
  return count;
}

function siblingsOf(text: string, index: number, indent: number): string[] {
  const lines = text.split("\n");
  const names: string[] = [];
  const visit = (i: number): boolean => {
    const line = lines[i] ?? "";
    const at = line.search(/[^\s-]/);
    if (at < 0) return true;
    if (at < indent) return false;
    const name = /^[\s-]*(["']?)([\w./$@-]+)\1:/.exec(line)?.[2];
    if (at === indent && name) names.push(name);
    return true;
  };
  for (let i = index - 1; i >= 0 && visit(i); i--);
  for (let i = index + 1; i < lines.length && visit(i); i++);
  return names;
}
