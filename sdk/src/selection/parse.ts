/** Asset selection text to a tree: `+revenue and not group:raw`. */

export type Attribute = "key" | "tag" | "group" | "kind" | "owner" | "code_location";

export type Selection =
  | { kind: "all" }
  /** A key as written, `raw/orders`; `*` in it stands for any characters. `at` is where it stands in the text. */
  | { kind: "key"; pattern: string; at: number }
  /** `value` null = has none of it. A tag's own value is `equals`; without it, any value. */
  | { kind: "attribute"; name: Exclude<Attribute, "key">; value: string | null; equals?: string }
  | { kind: "traverse"; of: Selection; up: number; down: number }
  | { kind: "sinks" | "roots" | "not"; of: Selection }
  | { kind: "and" | "or"; left: Selection; right: Selection };

/** The selection text is wrong, or names an asset that does not exist. The message shows the place with a caret. */
export class SelectionError extends Error {
  override name = "SelectionError";
  /** Index in the text, from 0. */
  readonly position: number;
  constructor(text: string, position: number, problem: string) {
    super(`asset selection, character ${position + 1}: ${problem}\n  ${text}\n  ${" ".repeat(position)}^`);
    this.position = position;
  }
}

const ATTRIBUTES: readonly string[] = ["key", "tag", "group", "kind", "owner", "code_location"];
/** Dagster has these on its page only, over what is not part of the definitions. */
const PAGE_ONLY = [
  "status",
  "column",
  "table_name",
  "column_tag",
  "changed_in_branch",
  "partitions",
  "automation_type",
  "sensor",
  "schedule",
  "job",
  "is",
];

export function parseSelection(text: string): Selection {
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Selection {
    if (this.#text.trim() === "")
      throw new SelectionError(this.#text, 0, "it is empty: write * for all assets");
    let selection = this.#or();
    // The older form: a list, by commas or spaces.
    for (this.#space(); this.#at < this.#text.length; this.#space()) {
      this.#take(",");
      selection = { kind: "or", left: selection, right: this.#or() };
    }
    return selection;
  }

  #or(): Selection {
    let left = this.#and();
    while (this.#word("or")) left = { kind: "or", left, right: this.#and() };
    return left;
  }

  #and(): Selection {
    let left = this.#not();
    while (this.#word("and")) left = { kind: "and", left, right: this.#not() };
    return left;
  }

  #not(): Selection {
    return this.#word("not") ? { kind: "not", of: this.#not() } : this.#traversal();
  }

  /** `2+x+3`: without a number, all the way; `++x` is two steps and `*x` all the way, as Dagster once wrote it. */
  #traversal(): Selection {
    this.#space();
    let up = 0;
    const before = this.#match(/(\d*)(\++)/y);
    if (before) up = depth(before[1] ?? "", before[2] ?? "");
    const star = this.#match(/\*(?=[^\s)(,*+])/y);
    if (star) up = Number.POSITIVE_INFINITY;
    const of = this.#primary();
    let down = 0;
    if (this.#match(/\*(?![\w*])/y)) down = Number.POSITIVE_INFINITY;
    else {
      const after = this.#match(/(\++)(\d*)/y) ?? this.#match(/\s+(\++)(\d*)(?=\s*(?:$|\)|,|and\b|or\b))/iy);
      if (after) down = depth(after[2] ?? "", after[1] ?? "");
    }
    return up > 0 || down > 0 ? { kind: "traverse", of, up, down } : of;
  }

  #primary(): Selection {
    this.#space();
    const at = this.#at;
    if (this.#take("(")) return this.#closed(at);
    const call = this.#match(/(sinks|roots)\s*\(/iy);
    if (call)
      return {
        kind: call[1]?.toLowerCase() === "roots" ? "roots" : "sinks",
        of: this.#closed(at + call[0].length - 1),
      };
    const attribute = this.#match(/([A-Za-z_]+)\s*:\s*/y);
    if (attribute) return this.#attribute(attribute[1]?.toLowerCase() ?? "", at);
    if (this.#match(/\*(?=$|[\s),])/y)) return { kind: "all" };
    const quoted = this.#quoted();
    if (quoted !== undefined) return { kind: "key", pattern: quoted, at };
    if (/(?:and|or)\b/iy.test(this.#text.slice(at))) this.#wordMissing(at);
    // A star inside a name, or after a slash, is a wildcard; one at its end means downstream.
    const name = this.#match(/[^\s()+,:="*]+(?:\*[^\s()+,:="*]+)*(?:(?<=\/)\*)?/y);
    if (name) return { kind: "key", pattern: name[0], at };
    const found = this.#text[at];
    throw this.#error(
      at,
      found === undefined
        ? "it ends where an asset is expected"
        : `expected an asset, not ${JSON.stringify(found)}`,
    );
  }

  #wordMissing(at: number): void {
    const word = /^(and|or)(?=\s|$)/i.exec(this.#text.slice(at));
    if (word) throw this.#error(at, `there is nothing to select before ${word[0]}`);
  }

  #closed(open: number): Selection {
    const inner = this.#or();
    this.#space();
    if (!this.#take(")")) throw this.#error(this.#at, `expected ) for the ( at character ${open + 1}`);
    return inner;
  }

  #attribute(name: string, at: number): Selection {
    if (PAGE_ONLY.includes(name))
      throw this.#error(at, `${name}: is not known from definitions, so it cannot be selected by`);
    if (!ATTRIBUTES.includes(name))
      throw this.#error(at, `there is no ${name}:, only ${ATTRIBUTES.map((a) => `${a}:`).join(" ")}`);
    const valueAt = this.#at;
    const value = this.#value();
    if (name === "key") {
      if (value === null) throw this.#error(valueAt, "every asset has a key, so key:<null> selects nothing");
      return { kind: "key", pattern: value, at: valueAt };
    }
    const attribute = { kind: "attribute" as const, name: name as Exclude<Attribute, "key">, value };
    return name === "tag" && this.#take("=") ? { ...attribute, equals: this.#value() ?? "" } : attribute;
  }

  #value(): string | null {
    if (this.#match(/<null>/y)) return null;
    const quoted = this.#quoted();
    if (quoted !== undefined) return quoted;
    const plain = this.#match(/[^\s()+,="]+/y);
    if (!plain) throw this.#error(this.#at, "expected a value, or one in quotes");
    return plain[0];
  }

  #quoted(): string | undefined {
    const at = this.#at;
    if (this.#text[at] !== '"') return undefined;
    const match = this.#match(/"((?:[^"\\]|\\.)*)"/y);
    if (!match) throw this.#error(at, "the quote is not closed");
    return (match[1] ?? "").replace(/\\(.)/g, "$1");
  }

  #word(word: string): boolean {
    this.#space();
    return this.#match(new RegExp(`${word}(?=[\\s(]|$)`, "iy")) !== null;
  }

  #space(): void {
    this.#match(/\s*/y);
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at += match[0].length;
    return match;
  }

  #error(at: number, problem: string): SelectionError {
    return new SelectionError(this.#text, at, problem);
  }
}

function depth(digits: string, pluses: string): number {
  if (digits !== "") return Number(digits);
  return pluses.length > 1 ? pluses.length : Number.POSITIVE_INFINITY;
}
