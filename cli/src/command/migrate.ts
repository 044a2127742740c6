import type { Command } from "commander";
import { createOutput } from "../output/output.ts";
import { type OutputOptions, withOutput } from "./context.ts";

export function addMigrate(program: Command): void {
  withOutput(
    program
      .command("migrate")
      .description("bring a database to the schema of this version (dagsterctl dev does so by itself)"),
  )
    .option("--storage <dir|postgres-url>", "which (default: .dagster-operator here)")
    .action(async (options: OutputOptions & { storage?: string }) => {
      const { chooseStorage } = await import("../system/storage-flag.ts");
      const { holdFolder } = await import("../instance/folder.ts");
      const { openStorage } = await import("@dagster-operator/storage");
      const output = createOutput(options.output);
      const { folder: path, postgres, shown } = chooseStorage(options.storage, process.cwd());
      const folder = postgres === undefined ? holdFolder(path) : null;
      try {
        const storage = await openStorage(postgres ?? folder?.database ?? "");
        await storage.close();
      } finally {
        folder?.release();
      }
      output.line(`${shown} has the schema of this version.`);
      output.document({ storage: shown, migrated: true });
    });
}
