/** What the selection syntax can see of an asset. Ids are keys joined by "/". */
export interface Selectable {
  readonly id: string;
  readonly group: string;
  readonly kinds: readonly string[];
  readonly owners: readonly string[];
  readonly tags: ReadonlyArray<{ readonly key: string; readonly value: string }>;
  readonly location: string;
  readonly upstream: readonly string[];
  readonly downstream: readonly string[];
}

/** Where and why an expression cannot be read; `at` is the offset of the offending character. */
export class SelectionError extends Error {
  override readonly name = "SelectionError";
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

type Token = {
  readonly kind: "word" | "string" | "(" | ")" | "+" | "*" | ":" | "and" | "or" | "not";
  readonly text: string;
  readonly at: number;
};

function tokens(source: string): Token[] {
  const out: Token[] = [];
  let i = 0;
  while (i < source.length) {
    const c = source[i] as string;
    if (/[\s,]/.test(c)) i++;
    else if (c === '"') {
      const end = source.indexOf('"', i + 1);
      if (end < 0) throw new SelectionError('A " is not closed.', i);
      out.push({ kind: "string", text: source.slice(i + 1, end), at: i });
      i = end + 1;
    } else if ("()+:".includes(c)) out.push({ kind: c as "+", text: c, at: i++ });
    else if (c === "*" && /^\*(?=[\s()]|$|[\w"])/.test(source.slice(i)))
      out.push({ kind: "*", text: c, at: i++ });
    else {
      const word = /^[\w./=@$\-[\]]+(?:\*[\w./=@$\-[\]]+)*/.exec(source.slice(i))?.[0];
      if (!word) throw new SelectionError(`"${c}" means nothing here.`, i);
      const lower = word.toLowerCase();
      out.push({
        kind: lower === "and" || lower === "or" || lower === "not" ? lower : "word",
        text: word,
        at: i,
      });
      i += word.length;
    }
  }
  return out;
}

/**
 * The ids that Dagster's selection syntax picks: `a`, `+a` and `a+` (one level), `++a`, `*a`, `a*` (all levels),
 * `1+a+2`, `group:x`, `kind:x`, `owner:x`, `tag:k=v`, `code_location:x`, `key:"x*"`, and/or/not, brackets, `sinks(…)`,
 * `roots(…)`. Throws SelectionError.
 */
export function select(source: string, assets: ReadonlyMap<string, Selectable>): Set<string> {
  const list = tokens(source);
  let at = 0;
  const peek = () => list[at];
  const take = () => list[at++];

  const either = (): Set<string> => {
    let left = both();
    for (;;) {
      const next = peek();
      if (next?.kind === "or") take();
      else if (!next || next.kind === ")" || next.kind === "and") return left;
      left = left.union(both());
    }
  };
  const both = (): Set<string> => {
    let left = inverse();
    while (peek()?.kind === "and") {
      take();
      left = left.intersection(inverse());
    }
    return left;
  };
  const inverse = (): Set<string> => {
    if (peek()?.kind !== "not") return traversal();
    take();
    return new Set(assets.keys()).difference(inverse());
  };
  const traversal = (): Set<string> => {
    const next = list[at + 1]?.kind;
    if (peek()?.kind === "*" && (next === undefined || next === ")" || next === "and" || next === "or")) {
      take();
      return new Set(assets.keys());
    }
    const up = depth();
    let found = atom();
    const down = depth();
    const start = found;
    if (up > 0) found = found.union(walk(start, up, (a) => a.upstream));
    if (down > 0) found = found.union(walk(start, down, (a) => a.downstream));
    return found;
  };
  /** Reads `+`, `++`, `2+`, `+2`, `*`; 0 when there is none. `+` alone means all levels, as in Dagster's current syntax. */
  const depth = (): number => {
    const next = peek();
    if (next?.kind === "word" && /^\d+$/.test(next.text) && list[at + 1]?.kind === "+") {
      at += 2;
      return Number(next.text);
    }
    let seen = 0;
    while (peek()?.kind === "+" || peek()?.kind === "*") {
      take();
      seen = Number.POSITIVE_INFINITY;
    }
    const after = peek();
    if (
      seen > 0 &&
      after?.kind === "word" &&
      /^\d+$/.test(after.text) &&
      after.at === (list[at - 1]?.at ?? 0) + 1
    ) {
      take();
      return Number(after.text);
    }
    return seen;
  };
  const walk = (
    from: Set<string>,
    levels: number,
    next: (asset: Selectable) => readonly string[],
  ): Set<string> => {
    const seen = new Set(from);
    let frontier = [...from];
    for (let level = 0; level < levels && frontier.length > 0; level++) {
      const found: string[] = [];
      for (const id of frontier) {
        const asset = assets.get(id);
        for (const other of asset ? next(asset) : []) {
          if (seen.has(other) || !assets.has(other)) continue;
          seen.add(other);
          found.push(other);
        }
      }
      frontier = found;
    }
    return seen;
  };
  const atom = (): Set<string> => {
    const token = take();
    if (!token) throw new SelectionError("Something is missing at the end.", source.length);
    if (token.kind === "(") {
      const inner = either();
      close(token.at);
      return inner;
    }
    if (token.kind !== "word" && token.kind !== "string") {
      throw new SelectionError(`"${token.text}" is not expected here.`, token.at);
    }
    if (token.kind === "word" && peek()?.kind === "(" && (token.text === "sinks" || token.text === "roots")) {
      const open = take() as Token;
      const inner = either();
      close(open.at);
      const side = token.text === "sinks" ? "downstream" : "upstream";
      return pick((asset) => inner.has(asset.id) && !asset[side].some((id) => inner.has(id)));
    }
    if (token.kind === "word" && peek()?.kind === ":") {
      take();
      const value = take();
      if (value?.kind !== "word" && value?.kind !== "string")
        throw new SelectionError(`${token.text}: needs a value.`, token.at);
      return attribute(
        token,
        value.text,
        value.kind === "word" && peek()?.kind === "*" ? (take()?.text ?? "") : "",
      );
    }
    return pick(matches(token.text));
  };
  const close = (opened: number): void => {
    if (take()?.kind !== ")") throw new SelectionError("This bracket is not closed.", opened);
  };
  const attribute = (name: Token, raw: string, star: string): Set<string> => {
    const value = raw + star;
    const like = wildcard(value);
    switch (name.text) {
      case "key":
        return pick((a) => like(a.id));
      case "group":
        return pick((a) => like(a.group));
      case "kind":
        return pick((a) => a.kinds.some(like));
      case "owner":
        return pick((a) => a.owners.some(like));
      case "code_location":
      case "location":
        return pick((a) => like(a.location));
      case "tag": {
        return pick((a) =>
          a.tags.some((t) => like(`${t.key}=${t.value}`) || (!value.includes("=") && like(t.key))),
        );
      }
      default:
        throw new SelectionError(
          `There is no attribute "${name.text}". Known: key, group, kind, owner, tag, code_location.`,
          name.at,
        );
    }
  };
  const pick = (test: (asset: Selectable) => boolean): Set<string> => {
    const found = new Set<string>();
    for (const asset of assets.values()) if (test(asset)) found.add(asset.id);
    return found;
  };

  if (list.length === 0) return new Set(assets.keys());
  const result = either();
  const rest = peek();
  if (rest) throw new SelectionError(`"${rest.text}" is not expected here.`, rest.at);
  return result;
}

function matches(text: string): (asset: Selectable) => boolean {
  const like = wildcard(text);
  return (asset) => like(asset.id);
}

function wildcard(pattern: string): (value: string) => boolean {
  if (!pattern.includes("*")) return (value) => value === pattern;
  const expression = new RegExp(
    `^${pattern
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
  );
  return (value) => expression.test(value);
}
