import type { Command } from "commander";
import type { LocationFlags } from "../workspace/flags.ts";
import { collect } from "./context.ts";

/** -f, -m, -w, -k and what goes with them. */
export const withLocations = (command: Command): Command =>
  command
    .option("-f, --file <path>", "TypeScript file that exports a Definitions; may be repeated", collect)
    .option("-m, --module <name>", "the same by module name; may be repeated", collect)
    .option("-w, --workspace <path>", "workspace.yaml; may be repeated", collect)
    .option(
      "-k, --manifests <path>",
      "folder or file of CodeLocation, Job, Schedule, Sensor, Run and Backfill manifests; may be repeated",
      collect,
    )
    .option("--name <name>", "name of the location of the one -f or -m (default: the file's name)")
    .option("-a, --attribute <export>", "export that holds the Definitions (default: the default export)")
    .option("-d, --working-directory <dir>", "where the code runs (default: here)")
    .option("--env-file <path>", "variables for the code, as in .env files");

export type { LocationFlags };
