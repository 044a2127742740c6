import type { AssetDef, AssetKey } from "../model/definitions.ts";
import { didYouMean } from "../model/nearest-name.ts";
import { parseSelection, type Selection, SelectionError } from "./parse.ts";

/** What of an asset can be selected by. `location` is its code location, where there are several. */
export type SelectableAsset = Pick<AssetDef, "key" | "kind" | "group" | "owners" | "tags" | "kinds"> & {
  deps: readonly { key: AssetKey }[];
  location?: string | undefined;
};

export interface SelectionOptions {
  /** False leaves external assets out, as for a job, unless one is named by its whole key. Default false. */
  external?: boolean | undefined;
}

/**
 * The assets that `selection` stands for, in the order of `assets`. A list is the union of its parts.
 * Throws SelectionError for wrong text and for a whole key that no asset has; a wildcard or an attribute may match nothing.
 */
export function resolveSelection(
  assets: readonly SelectableAsset[],
  selection: string | readonly string[],
  options: SelectionOptions = {},
): AssetKey[] {
  const index = indexAssets(assets);
  const selected = new Set<Node>();
  for (const text of typeof selection === "string" ? [selection] : selection) {
    const resolver = new Resolver(index, text, options.external ?? false);
    for (const node of resolver.resolve(parseSelection(text))) selected.add(node);
  }
  return index.nodes.filter((node) => selected.has(node)).map((node) => node.asset.key);
}

interface Node {
  asset: SelectableAsset;
  path: string;
  up: Node[];
  down: Node[];
}
interface Index {
  nodes: Node[];
  byPath: Map<string, Node>;
}

const indexes = new WeakMap<readonly SelectableAsset[], Index>();

function indexAssets(assets: readonly SelectableAsset[]): Index {
  const known = indexes.get(assets);
  if (known && known.nodes.length === assets.length) return known;
  const nodes = assets.map((asset): Node => ({ asset, path: asset.key.join("/"), up: [], down: [] }));
  const byPath = new Map(nodes.map((node) => [node.path, node]));
  for (const node of nodes) {
    for (const dep of node.asset.deps) {
      const upstream = byPath.get(dep.key.join("/"));
      if (!upstream || upstream === node) continue;
      node.up.push(upstream);
      upstream.down.push(node);
    }
  }
  const index = { nodes, byPath };
  indexes.set(assets, index);
  return index;
}

class Resolver {
  readonly #index: Index;
  readonly #text: string;
  readonly #external: boolean;

  constructor(index: Index, text: string, external: boolean) {
    this.#index = index;
    this.#text = text;
    this.#external = external;
  }

  resolve(selection: Selection): Set<Node> {
    switch (selection.kind) {
      case "all":
        return this.#where(() => true);
      case "key":
        return this.#key(selection.pattern, selection.at);
      case "attribute":
        return this.#where(attributeTest(selection));
      case "traverse":
        return this.#traverse(this.resolve(selection.of), selection.up, selection.down);
      case "sinks":
      case "roots": {
        const among = this.resolve(selection.of);
        const side = selection.kind === "sinks" ? "down" : "up";
        return new Set([...among].filter((node) => !node[side].some((next) => among.has(next))));
      }
      case "not": {
        const without = this.resolve(selection.of);
        return this.#where((node) => !without.has(node));
      }
      case "and": {
        const right = this.resolve(selection.right);
        return new Set([...this.resolve(selection.left)].filter((node) => right.has(node)));
      }
      case "or":
        return new Set([...this.resolve(selection.left), ...this.resolve(selection.right)]);
    }
  }

  #where(test: (node: Node) => boolean): Set<Node> {
    return new Set(this.#index.nodes.filter((node) => this.#present(node) && test(node)));
  }

  #present(node: Node): boolean {
    return this.#external || node.asset.kind !== "external";
  }

  #key(pattern: string, at: number): Set<Node> {
    if (pattern.includes("*")) {
      const test = wildcard(pattern);
      return this.#where((node) => test(node.path));
    }
    const node = this.#index.byPath.get(pattern);
    if (!node) {
      throw new SelectionError(
        this.#text,
        at,
        `there is no asset ${pattern}${didYouMean(pattern, this.#index.byPath.keys())}`,
      );
    }
    return new Set([node]);
  }

  #traverse(from: Set<Node>, up: number, down: number): Set<Node> {
    const reached = new Set(from);
    for (const [side, depth] of [
      ["up", up],
      ["down", down],
    ] as const) {
      const seen = new Set(from);
      let edge = [...from];
      for (let step = 0; step < depth && edge.length > 0; step++) {
        const next: Node[] = [];
        for (const node of edge) {
          for (const neighbour of node[side]) {
            if (seen.has(neighbour)) continue;
            seen.add(neighbour);
            next.push(neighbour);
          }
        }
        edge = next;
      }
      for (const node of seen) if (this.#present(node)) reached.add(node);
    }
    return reached;
  }
}

function attributeTest(selection: Extract<Selection, { kind: "attribute" }>): (node: Node) => boolean {
  const { name, value, equals } = selection;
  const test = value === null ? null : wildcard(value);
  const any = (values: string[]) => (test === null ? values.length === 0 : values.some(test));
  switch (name) {
    case "group":
      return ({ asset }) => any(asset.group === "" ? [] : [asset.group]);
    case "kind":
      return ({ asset }) => any(asset.kinds);
    case "owner":
      return ({ asset }) => any(asset.owners);
    case "code_location":
      return ({ asset }) => any(asset.location === undefined ? [] : [asset.location]);
    case "tag": {
      if (equals === undefined) return ({ asset }) => any(Object.keys(asset.tags));
      const testValue = wildcard(equals);
      return ({ asset }) =>
        Object.entries(asset.tags).some(([key, of]) => test?.(key) === true && testValue(of));
    }
  }
}

function wildcard(pattern: string): (value: string) => boolean {
  if (!pattern.includes("*")) return (value) => value === pattern;
  const source = pattern
    .split("*")
    .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"))
    .join(".*");
  const expression = new RegExp(`^${source}$`, "s");
  return (value) => expression.test(value);
}
