import { type AssetDef, resolveSelection } from "@dagster-operator/sdk/internal";

const selected = new WeakMap<ReadonlyMap<string, AssetDef>, Map<string, Set<string>>>();

/** Assets that a selection stands for; one that names nothing known stands for none. */
function resolved(assets: ReadonlyMap<string, AssetDef>, selection: string): Set<string> {
  const known = selected.get(assets) ?? new Map<string, Set<string>>();
  selected.set(assets, known);
  let keys = known.get(selection);
  if (!keys) {
    try {
      const found = resolveSelection([...assets.values()], selection, { external: true });
      keys = new Set(found.map((key) => key.join("/")));
    } catch {
      keys = new Set();
    }
    known.set(selection, keys);
  }
  return keys;
}

/** Dependencies that a condition looks at, by name. */
export function resolveDeps(
  assets: ReadonlyMap<string, AssetDef>,
  own: readonly { key: AssetDef["key"] }[],
  { allow, ignore }: { allow?: string[] | undefined; ignore?: string[] | undefined },
): string[] {
  const deps = [...new Set(own.map((dep) => dep.key.join("/")))];
  return deps
    .filter((dep) => assets.has(dep))
    .filter((dep) => !allow || allow.some((each) => resolved(assets, each).has(dep)))
    .filter((dep) => !ignore?.some((each) => resolved(assets, each).has(dep)))
    .sort();
}
