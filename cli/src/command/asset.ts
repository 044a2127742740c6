import { InvalidInput, NotFound } from "@dagster-operator/engine";
import type { Command } from "commander";
import { type AssetNode, listAssets } from "../graphql/workspace.ts";
import { selectAssets } from "../input/asset-selection.ts";
import { connect, type RemoteOptions, withRemote } from "./context.ts";
import { type LaunchOptions, launchAndShow, targetOf, withLaunch, withSystem } from "./launch.ts";
import { type BackfillOptions, launchAndShowBackfill, withBackfill } from "./launch-backfill.ts";

const SYNTAX = `
A selection is Dagster's:
  orders              one asset (raw/orders where its key has a prefix)
  +orders, orders+    with all upstream, with all downstream (1+orders: one step up)
  key:"raw/*" group:sales tag:team=red owner:team:data kind:duckdb
  a and not b, (group:raw or group:sales), *  for all`;

export function addAsset(program: Command): void {
  const asset = program.command("asset").description("list and materialize assets");

  withRemote(
    asset
      .command("list")
      .alias("ls")
      .argument("[selection]", "which; default all")
      .description("assets of all code locations"),
  )
    .addHelpText("after", SYNTAX)
    .action(async (selection: string | undefined, options: RemoteOptions) => {
      const { client, output } = connect(options);
      const all = await listAssets(client);
      const assets = selection === undefined ? all : selectAssets(all, selection);
      if (assets.length === 0) output.line("No assets.");
      else
        output.table(
          ["ASSET", "GROUP", "LOCATION", "PARTITIONED", "UPSTREAM"],
          assets.map(({ key, group, location, isPartitioned, upstream }) => [
            key.join("/"),
            group,
            location,
            isPartitioned ? "yes" : "no",
            upstream.map((path) => path.join("/")).join(", "),
          ]),
        );
      output.document(assets);
    });

  withLaunch(
    asset
      .command("materialize")
      .argument("<selection>", "which assets")
      .description("launch a run that makes the selected assets"),
  )
    .addHelpText(
      "after",
      `${SYNTAX}

Examples:
  dagsterctl asset materialize '*' -w                   everything, with its steps
  dagsterctl asset materialize '+revenue' -p 2026-11-22 revenue and all it needs, one partition
  dagsterctl asset materialize 'group:raw' -f definitions.ts --storage /tmp/ci   in CI, with no running system`,
    )
    .action((selection: string, options: LaunchOptions) =>
      withSystem(options, async (client, output, ephemeral) => {
        const target = targetOf(options);
        const all = await listAssets(client);
        const { location, assets } = oneLocation(selectAssets(all, selection), options.location, selection);
        const show = ephemeral && !options.follow ? { ...options, wait: true } : options;
        const what = assets.length === 1 ? `asset ${assets[0]?.join("/")}` : `${assets.length} assets`;
        await launchAndShow(client, output, { ...target, location, assets }, show, what);
      }),
    );

  withBackfill(
    asset
      .command("backfill")
      .argument("<selection>", "which assets")
      .description("make many partitions of assets, upstream before downstream"),
  )
    .addHelpText(
      "after",
      `${SYNTAX}

Partitions are those of the selected assets that nothing selected is upstream of; what is downstream follows.

Examples:
  dagsterctl asset backfill 'orders+' --from 2026-11-01 --to 2026-11-22
  dagsterctl asset backfill '+revenue' --all --only-missing -w`,
    )
    .action(async (selection: string, options: BackfillOptions) => {
      const { client, output } = connect(options);
      const assets = selectAssets(await listAssets(client), selection).filter(
        ({ isMaterializable, location }) =>
          isMaterializable && (options.location === undefined || location === options.location),
      );
      if (assets.length === 0)
        throw new NotFound("Asset", selection, "it selects nothing that this system makes");
      const keys = assets.map(({ key }) => key);
      const what = keys.length === 1 ? `asset ${keys[0]?.join("/")}` : `${keys.length} assets`;
      await launchAndShowBackfill(client, output, { assets: keys }, options, what);
    });
}

/** Only what can be made, all of one code location, because a run belongs to one. */
function oneLocation(selected: AssetNode[], wanted: string | undefined, selection: string) {
  const assets = selected.filter(
    (asset) => asset.isMaterializable && (wanted === undefined || asset.location === wanted),
  );
  const locations = [...new Set(assets.map((asset) => asset.location))];
  const [location] = locations;
  if (location === undefined) {
    const only =
      selected.length > 0
        ? "it selects only assets that this system does not make"
        : "the selection is empty";
    throw new NotFound("Asset", selection, wanted === undefined ? only : `${only} in location ${wanted}`);
  }
  if (locations.length > 1)
    throw new InvalidInput(
      `"${selection}" selects assets of the code locations ${locations.join(", ")}, and a run belongs to one. Choose with --location.`,
    );
  return { location, assets: assets.map((asset) => asset.key) };
}
