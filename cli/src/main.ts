import { CommanderError } from "commander";
import { EXIT, exitCodeOf } from "./output/exit.ts";
import { reportError, wantsJson } from "./output/report-error.ts";
import { program } from "./program.ts";

// `dagsterctl run list | head` closes our stdout early; that is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) =>
  process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.internal),
);

try {
  await program().parseAsync(process.argv);
} catch (error) {
  // Commander has printed its own message, but not as JSON.
  if (!(error instanceof CommanderError) || (error.exitCode !== 0 && wantsJson(process.argv)))
    reportError(error, process.argv);
  process.exitCode = exitCodeOf(error);
}
