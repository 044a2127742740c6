import { PlanError } from "./plan-error.ts";
import { push } from "./snapshot-index.ts";

/** Topological order, of all that could come next the lowest key first. Throws a PlanError that names one cycle. */
export function inOrder<T extends { key: string }>(items: T[], upstream: Map<string, string[]>): T[] {
  const waiting = new Map<string, number>();
  const downstream = new Map<string, T[]>();
  const ready = new Heap<T>((a, b) => a.key < b.key);
  for (const item of items) {
    const keys = upstream.get(item.key) ?? [];
    waiting.set(item.key, keys.length);
    for (const key of keys) push(downstream, key, item);
    if (keys.length === 0) ready.push(item);
  }
  const ordered: T[] = [];
  for (let item = ready.pop(); item; item = ready.pop()) {
    ordered.push(item);
    for (const next of downstream.get(item.key) ?? []) {
      const left = (waiting.get(next.key) ?? 0) - 1;
      waiting.set(next.key, left);
      if (left === 0) ready.push(next);
    }
  }
  if (ordered.length < items.length) {
    const done = new Set(ordered.map((item) => item.key));
    const rest = items.filter((item) => !done.has(item.key)).map((item) => item.key);
    throw new PlanError([
      `the steps wait for each other in a cycle: ${cycleAmong(new Set(rest), upstream).join(" → ")}`,
    ]);
  }
  return ordered;
}

/** Every key in `rest` waits for another one in it, so walking upstream must come back. */
function cycleAmong(rest: Set<string>, upstream: Map<string, string[]>): string[] {
  const path: string[] = [];
  let at = [...rest].sort()[0];
  while (at !== undefined && !path.includes(at)) {
    path.push(at);
    at = upstream.get(at)?.find((key) => rest.has(key));
  }
  return at === undefined ? path : [...path.slice(path.indexOf(at)), at].reverse();
}

/** Binary heap: `pop` gives the item that is before all others. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = items[parent] as T;
      if (!this.#before(item, above)) break;
      items[at] = above;
      at = parent;
    }
    items[at] = item;
  }

  pop(): T | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#before(items[child + 1] as T, items[child] as T)) child++;
      const below = items[child] as T;
      if (!this.#before(below, last)) break;
      items[at] = below;
      at = child;
    }
    items[at] = last;
    return top;
  }
}
