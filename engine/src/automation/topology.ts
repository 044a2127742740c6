import type { Entity } from "./state.ts";

/** Keys in an order in which everything comes after what it depends on; of equal ones by name. */
export function byLevel(entities: ReadonlyMap<string, Entity>, keys: readonly string[]): string[] {
  const levels = new Map<string, number>();
  // Without recursion: a chain may be thousands of assets long.
  for (const start of keys) {
    const stack = [start];
    for (let key = stack.at(-1); key !== undefined; key = stack.at(-1)) {
      const deps = (entities.get(key)?.deps ?? [])
        .map((dep) => dep.key.join("/"))
        .filter((dep) => dep !== key);
      const open = deps.filter((dep) => !levels.has(dep));
      if (open.length > 0 && !levels.has(key)) {
        stack.push(...open);
        continue;
      }
      if (!levels.has(key)) levels.set(key, Math.max(0, ...deps.map((dep) => (levels.get(dep) ?? 0) + 1)));
      stack.pop();
    }
  }
  return [...keys].sort(
    (a, b) => (levels.get(a) ?? 0) - (levels.get(b) ?? 0) || (a < b ? -1 : a > b ? 1 : 0),
  );
}
