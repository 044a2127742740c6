/** Keys from `start` to `end` in the order of `keys`, whichever was chosen first. */
export function rangeOf(keys: readonly string[], start: string, end: string): string[] {
  const a = keys.indexOf(start);
  const b = keys.indexOf(end);
  if (a < 0 || b < 0) return [];
  return keys.slice(Math.min(a, b), Math.max(a, b) + 1);
}

/** Keys that all lists have, in the order of the first. */
export function commonKeys(lists: readonly (readonly string[])[]): string[] {
  const [first, ...rest] = lists;
  if (!first) return [];
  const sets = rest.map((list) => new Set(list));
  return first.filter((key) => sets.every((set) => set.has(key)));
}

/** Ids of the assets that none of the others is upstream of. */
export function rootsOf(
  assets: ReadonlyArray<{ readonly id: string; readonly upstream: readonly string[] }>,
): ReadonlySet<string> {
  const ids = new Set(assets.map(({ id }) => id));
  return new Set(
    assets.filter(({ upstream, id }) => !upstream.some((up) => up !== id && ids.has(up))).map(({ id }) => id),
  );
}
