/** What `job backfill` and `asset backfill` share: the partitions, and how what was requested is shown. */
import { InvalidInput } from "@dagster-operator/engine";
import { type Command, Option } from "commander";
import { type BackfillParams, launchBackfill } from "../graphql/backfills.ts";
import type { Client } from "../graphql/client.ts";
import { readRunConfig } from "../input/run-config.ts";
import type { Output } from "../output/output.ts";
import { followBackfill } from "./backfill.ts";
import { collectTag, type RemoteOptions, withRemote } from "./context.ts";

export interface BackfillOptions extends RemoteOptions {
  location?: string;
  partitions?: string;
  from?: string;
  to?: string;
  all?: boolean;
  onlyMissing?: boolean;
  fromFailure?: boolean;
  config?: string;
  configJson?: string;
  tag?: Record<string, string>;
  title?: string;
  wait?: boolean;
}

export const withBackfill = (command: Command): Command =>
  withRemote(command)
    .option("--location <name>", "code location, where the name alone is not enough")
    .option("-p, --partitions <a,b,…>", "these partitions")
    .option("--from <key>", "partitions from this one; with --to")
    .option("--to <key>", "partitions up to this one, itself too; with --from")
    .option("--all", "all partitions")
    .option("--only-missing", "of these only what was never made or whose last run failed")
    .option("-c, --config <file>", "run config of each run, YAML or JSON; - reads stdin")
    .addOption(new Option("--config-json <json>", "run config as text").conflicts("config"))
    .option("-t, --tag <key=value>", "tag of each run; may be repeated", collectTag)
    .option("--title <text>", "what it is called on the page")
    .option("-w, --wait", "wait for the end and show the progress; exit code 1 when a partition fails");

/** @throws InvalidInput not exactly one way to say which */
function partitionsOf({ partitions, from, to, all }: BackfillOptions): BackfillParams["partitions"] {
  const said = [
    partitions !== undefined && "--partitions",
    (from !== undefined || to !== undefined) && "--from and --to",
    all && "--all",
  ].filter(Boolean);
  if (said.length !== 1)
    throw new InvalidInput(
      said.length === 0
        ? "a backfill needs partitions: give --partitions, --from and --to, or --all"
        : `${said.join(" and ")} exclude each other`,
    );
  if (all) return { allPartitions: true };
  if (partitions !== undefined)
    return {
      partitionNames: partitions
        .split(",")
        .map((key) => key.trim())
        .filter(Boolean),
    };
  if (from === undefined || to === undefined)
    throw new InvalidInput(
      `a range needs both of its ends: ${from === undefined ? "--from" : "--to"} is missing`,
    );
  return { partitionRange: { start: from, end: to } };
}

export async function launchAndShowBackfill(
  client: Client,
  output: Output,
  target: Pick<BackfillParams, "job" | "assets">,
  options: BackfillOptions,
  what: string,
): Promise<void> {
  const id = await launchBackfill(client, {
    ...target,
    partitions: partitionsOf(options),
    onlyMissingAndFailed: options.onlyMissing,
    fromFailure: options.fromFailure,
    runConfig: readRunConfig(options),
    tags: options.tag,
    title: options.title,
  });
  const url = `${client.url}/backfills/${id}`;
  output.line(`Backfill ${id} of ${what}\n${output.style("dim", url)}`);
  if (options.wait) return followBackfill(client, output, id);
  output.line(`Follow it: dagsterctl backfill show ${id} -w`);
  output.document({ backfillId: id, url });
}
