import type { Command } from "commander";
import { type OutputOptions, withOutput } from "./context.ts";
import { type LocationFlags, withLocations } from "./location-flags.ts";

export interface ValidateOptions extends OutputOptions, LocationFlags {}

export function addValidate(program: Command): void {
  withOutput(
    withLocations(
      program
        .command("validate")
        .description("load the definitions and check the manifests, and say everything that is wrong"),
    ),
  )
    .addHelpText(
      "after",
      `
Needs no running system and changes nothing. Exit code 0: all is well, 1: something is wrong.

Examples:
  dagsterctl validate -f definitions.ts
  dagsterctl validate -w workspace.yaml
  dagsterctl validate -k manifests/ -o json      for CI: [{file, line, column, message}]`,
    )
    .action(async (options: ValidateOptions) => {
      const { runValidate } = await import("../system/validate.ts");
      await runValidate(options);
    });
}
