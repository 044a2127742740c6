/** What `job launch`, `asset materialize` and `run re-execute` share: how a launched run is shown, and where it is launched. */
import { type Command, Option } from "commander";
import type { Client } from "../graphql/client.ts";
import type { Target } from "../graphql/runs.ts";
import { launchRun } from "../graphql/runs.ts";
import { readRunConfig } from "../input/run-config.ts";
import { followRun, requireSuccess } from "../output/follow-run.ts";
import type { Output } from "../output/output.ts";
import { collect, collectTag, connect, type RemoteOptions, withRemote } from "./context.ts";

export interface ShowOptions {
  wait?: boolean;
  follow?: boolean;
}
export interface LaunchOptions extends RemoteOptions, ShowOptions {
  location?: string;
  config?: string;
  configJson?: string;
  tag?: Record<string, string>;
  partition?: string;
  file?: string[];
  workspace?: string;
  storage?: string;
}

export const withShow = (command: Command): Command =>
  command
    .option("-w, --wait", "wait for the end and show the steps; exit code 1 when the run fails")
    .option("--follow", "as --wait, with every event as it comes");

export const withLaunch = (command: Command): Command =>
  withRemote(withShow(command))
    .option("--location <name>", "code location, where the name alone is not enough")
    .option("-c, --config <file>", "run config, YAML or JSON; - reads stdin")
    .addOption(new Option("--config-json <json>", "run config as text").conflicts("config"))
    .option("-t, --tag <key=value>", "tag of the run; may be repeated", collectTag)
    .option("-p, --partition <key>", "partition to run")
    .addOption(
      new Option("-f, --file <path>", "definitions to run in a system of its own that ends with the run")
        .argParser(collect)
        .conflicts("url"),
    )
    .addOption(
      new Option("--workspace <path>", "as -f, with the locations of a workspace.yaml").conflicts([
        "url",
        "file",
      ]),
    )
    .option("--storage <dir|postgres-url>", "with -f: where results are kept (default .dagster-operator)");

export const targetOf = (options: LaunchOptions): Omit<Target, "location"> => ({
  runConfig: readRunConfig(options),
  tags: options.tag,
  partition: options.partition,
});

/** Calls with a client of the running system, or of one started for this call from -f or --workspace. */
export async function withSystem(
  options: LaunchOptions,
  call: (client: Client, output: Output, ephemeral: boolean) => Promise<void>,
): Promise<void> {
  const { client, output } = connect(options);
  if (!options.file && !options.workspace) return call(client, output, false);
  const { runEphemeral } = await import("../system/ephemeral.ts");
  await runEphemeral(options, output, (own) => call(own, output, true));
}

export async function launchAndShow(
  client: Client,
  output: Output,
  target: Target,
  options: ShowOptions,
  what: string,
): Promise<void> {
  await showLaunched(
    client,
    output,
    await launchRun(client, target),
    options,
    `${what} of ${target.location}`,
  );
}

export async function showLaunched(
  client: Client,
  output: Output,
  runId: string,
  options: ShowOptions,
  what: string,
): Promise<void> {
  const url = `${client.url}/runs/${runId}`;
  const text = `Run ${runId} of ${what}\n${output.style("dim", url)}`;
  if (!options.wait && !options.follow) {
    output.line(text);
    output.line(`Follow it: dagsterctl run logs -f ${runId.slice(0, 8)}`);
    output.document({ runId, url });
    return;
  }
  output.line(text);
  const run = await followRun(client, runId, options.follow ? "events" : "steps", output);
  if (!options.follow) output.document({ ...run, url });
  requireSuccess(run);
}
