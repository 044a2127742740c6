import type { AssetDefinition } from "../asset/asset.ts";
import type { AssetCheckDefinition } from "../asset/asset-check.ts";
import { keyText } from "../asset/asset-key.ts";
import { Definitions, internalsOf, isDefinitions, type ResourcesFor } from "../definitions.ts";
import { ASSET_JOB } from "../model/definitions.ts";
import { didYouMean } from "../model/nearest-name.ts";
import { asResource, DEFAULT_IO_MANAGER, givenResources, ioManagerName } from "../repository/collect.ts";
import { inMemory } from "../resource/in-memory-io-manager.ts";
import { type IoManager, ioManager } from "../resource/io-manager.ts";
import { resolveSelection } from "../selection/index.ts";
import { kindOf } from "../source.ts";
import { type RunInProcessOptions, type RunResult, runInProcess } from "./run-in-process.ts";

export interface MaterializeOptions<A> extends RunInProcessOptions {
  /** By name, definitions or plain values; the default `ioManager` keeps values in memory. */
  resources?: Readonly<Record<string, unknown>> & NoInfer<ResourcesFor<A>>;
  /** Materialize only these of the assets: Dagster's selection syntax. */
  selection?: string;
  /** Values of upstream assets that are not materialized here, by key: `{ "raw/orders": rows }`. Nothing loads them then. */
  upstream?: Readonly<Record<string, unknown>>;
}

export interface MaterializeResult extends RunResult {
  /** What the asset's function returned; of several partitions, the one named. Throws when the run stored nothing for it. */
  output<T>(asset: AssetDefinition<T>, partitionKey?: string): T;
}

type Item = AssetDefinition | AssetCheckDefinition;

/** Everything that the items lead to, so that a test need not name what it does not run. */
function withUpstream(items: readonly Item[]): { assets: AssetDefinition[]; checks: AssetCheckDefinition[] } {
  const assets = new Set<AssetDefinition>();
  const visit = (asset: AssetDefinition): void => {
    if (assets.has(asset)) return;
    assets.add(asset);
    for (const sibling of asset.siblings()) visit(sibling);
    for (const dep of asset.deps) if (dep.asset !== undefined) visit(dep.asset);
  };
  const checks = items.filter((item): item is AssetCheckDefinition => kindOf(item) === "assetCheck");
  for (const item of items) if (kindOf(item) === "asset") visit(item as AssetDefinition);
  for (const check of checks) for (const dep of check.deps) if (dep.asset !== undefined) visit(dep.asset);
  return { assets: [...assets], checks };
}

/** An IO manager in front of another that knows the values of some assets. */
function answering(upstream: ReadonlyMap<string, unknown>, behind: ReturnType<typeof asResource>) {
  return ioManager({
    resources: { behind },
    create: ({ resources }): IoManager => {
      const inner = resources.behind as IoManager;
      return {
        handleOutput: (context, value) => inner.handleOutput(context, value),
        loadInput: (context) => {
          const key = keyText(context.assetKey ?? []);
          return upstream.has(key) ? upstream.get(key) : inner.loadInput(context);
        },
      };
    },
  });
}

/**
 * Materializes assets in this process, for unit tests: no server, values in memory. Checks in the list run as well; upstream
 * assets that are not in the list are loaded, or taken from `upstream`.
 * @throws the user's own error of the first step that fails, unless `raise: false`
 * @example
 * const result = await materialize([orders, revenue], { partitionKey: "2024-01-01", resources: { api: fakeApi } });
 * expect(result.output(revenue)).toBe(42);
 */
export async function materialize<const A extends readonly Item[]>(
  what: A | Definitions,
  options: MaterializeOptions<A> = {},
): Promise<MaterializeResult> {
  const { resources = {}, selection, upstream = {}, ...runOptions } = options;
  const source = isDefinitions(what)
    ? ofDefinitions(what)
    : { ...withUpstream(what as readonly Item[]), resources: {}, loggers: {} };
  const all: Record<string, unknown> = {
    [DEFAULT_IO_MANAGER]: inMemory(),
    ...source.resources,
    ...resources,
  };
  const known = new Map(Object.entries(upstream));
  const paths = source.assets.map(({ key }) => keyText(key));
  for (const name of known.keys())
    if (!paths.includes(name))
      throw new Error(
        `upstream gives a value for ${name}, but no asset of that key is read here${didYouMean(name, paths) || `; there are ${paths.join(", ")}`}. Name assets by key, not by the name of the input`,
      );
  for (const name of new Set(
    source.assets.filter(({ key }) => known.has(keyText(key))).map((asset) => ioManagerName(asset.ioManager)),
  )) {
    const behind = asResource(all[name]);
    all[`${name}_behind`] = behind;
    all[name] = answering(known, behind);
  }
  const { assets: sourceAssets, checks: sourceChecks, loggers } = source;
  const definitions = new Definitions({
    assets: sourceAssets,
    checks: sourceChecks,
    resources: all,
    loggers,
  });
  const { snapshot } = internalsOf(definitions);
  const named = isDefinitions(what)
    ? source.assets
    : (what as readonly Item[]).filter((item): item is AssetDefinition => kindOf(item) === "asset");
  const listed = new Set(named.filter(({ node }) => node !== undefined).map(({ key }) => keyText(key)));
  const chosen =
    selection === undefined ? undefined : new Set(resolveSelection(snapshot.assets, selection).map(keyText));
  const assets = snapshot.assets
    .map(({ key }) => key)
    .filter((key) => listed.has(keyText(key)) && chosen?.has(keyText(key)) !== false);
  const inSelection = new Set(assets.map(keyText));
  const separate = new Set(source.checks.map((check) => `${keyText(check.asset.key)} ${check.name}`));
  const checks = snapshot.checks
    .map(({ asset, name }) => ({ asset, name }))
    .filter(
      ({ asset, name }) =>
        inSelection.has(keyText(asset)) ||
        (chosen === undefined && separate.has(`${keyText(asset)} ${name}`)),
    );
  if (assets.length === 0 && checks.length === 0)
    throw new Error(
      `nothing to materialize${selection === undefined ? "" : `: selection "${selection}" names no asset of the list`}`,
    );
  const result = await runInProcess(definitions, { job: ASSET_JOB, assets, checks, steps: null }, runOptions);
  return {
    ...result,
    output: <T>(asset: AssetDefinition<T>, partitionKey?: string): T => {
      const path = keyText(asset.key);
      const found = result.stored.findLast(
        ({ address }) =>
          address.assetKey !== undefined &&
          keyText(address.assetKey) === path &&
          (partitionKey === undefined || address.partitionKey === partitionKey),
      );
      if (found === undefined) throw new Error(`asset ${path} returned no value in this run`);
      return found.value as T;
    },
  };
}

function ofDefinitions(definitions: Definitions) {
  const { repository } = internalsOf(definitions);
  return {
    assets: [...repository.assets.values()],
    checks: [...repository.checks.values()],
    resources: givenResources(repository),
    loggers: Object.fromEntries(repository.loggers),
  };
}
