/** The grammar of dagsterctl. What a command does is loaded when it is called, so that a small command starts fast. */
import { Command } from "commander";
import { addAsset } from "./command/asset.ts";
import { addBackfill } from "./command/backfill.ts";
import { addDev } from "./command/dev.ts";
import { addInstigator } from "./command/instigator.ts";
import { addJob } from "./command/job.ts";
import { addLocation } from "./command/location.ts";
import { addMigrate } from "./command/migrate.ts";
import { addPool } from "./command/pool.ts";
import { addRun } from "./command/run.ts";
import { addValidate } from "./command/validate.ts";
import { addVersion } from "./command/version.ts";
import { EXIT_HELP } from "./output/exit.ts";
import { wantsJson } from "./output/report-error.ts";
import { VERSION } from "./version.ts";

export function program(): Command {
  const root = new Command("dagsterctl")
    .description("Data orchestration in the manner of Dagster, on one machine or in Kubernetes.")
    .version(VERSION, "-V, --version", "print the version")
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      // As JSON it is reported with all other errors.
      outputError: (text, write) => {
        if (!wantsJson(process.argv)) write(text);
      },
    })
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .addHelpText(
      "after",
      `
Start here:
  dagsterctl dev -f definitions.ts      the whole system with your definitions, on http://localhost:3000
  dagsterctl asset materialize '*' -w   make every asset, and watch
  dagsterctl run list                   what ran
  dagsterctl validate -f definitions.ts everything wrong with it, with places

Commands find the system that runs in this folder or above it; --url or DAGSTER_OPERATOR_URL name another.
Installed as kubectl-dagster on the PATH, the same commands are "kubectl dagster …".

${EXIT_HELP}`,
    );
  addDev(root);
  addJob(root);
  addAsset(root);
  addRun(root);
  addBackfill(root);
  addInstigator(root, "schedule");
  addInstigator(root, "sensor");
  addPool(root);
  addLocation(root);
  addValidate(root);
  addMigrate(root);
  addVersion(root);
  inherit(root);
  return root;
}

/** Commander copies settings to subcommands only when they are made after them. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inherit(child);
  }
}
