import { type Command, Option } from "commander";
import { LEVELS, type LogLevel } from "../output/log-levels.ts";
import { port } from "./context.ts";
import { type LocationFlags, withLocations } from "./location-flags.ts";

export interface DevOptions extends LocationFlags {
  port: number;
  host: string;
  storage?: string;
  instance?: string;
  logLevel: LogLevel;
  open: boolean;
  readOnly?: boolean;
}

export function addDev(program: Command): void {
  withLocations(
    program.command("dev").description("run the whole system on this machine: page, API, daemon, runs"),
  )
    .option("-p, --port <port>", "of the page and the API; 0 takes a free one", port, 3000)
    .option("--host <address>", "to listen on; 0.0.0.0 lets others in", "127.0.0.1")
    .option(
      "--storage <dir|postgres-url>",
      "where everything is kept (default: .dagster-operator here, survives restarts)",
    )
    .option("--instance <path>", "settings (default: dagster.yaml in the storage folder, if it is there)")
    .addOption(new Option("--log-level <level>", "what the terminal shows").choices(LEVELS).default("warn"))
    .option("--read-only", "page and API show everything and change nothing; schedules and sensors go on")
    .option("--no-open", "do not open the page in the browser")
    .addHelpText(
      "after",
      `
With no -f, -m, -w or -k: workspace.yaml of this folder, else definitions.ts, else src/definitions.ts.
Changed files count by themselves: code, workspace.yaml, manifests, env files. Ctrl-C stops everything, a second one at once.

Examples:
  dagsterctl dev                                  what lies here
  dagsterctl dev -f sales.ts -f weather.ts        two code locations
  dagsterctl dev -w workspace.yaml -p 3001
  dagsterctl dev -k manifests/                    the manifests that a cluster takes
  dagsterctl dev -f definitions.ts --storage postgres://me:secret@localhost/dagster

dagster.yaml:
  run_queue:
    max_concurrent_runs: 10                       # -1 = no limit
    tag_concurrency_limits: [{ key: team, value: red, limit: 1 }]`,
    )
    .action(async (options: DevOptions) => {
      const { runDev } = await import("../system/dev.ts");
      await runDev(options);
    });
}
