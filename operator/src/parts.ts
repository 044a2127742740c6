import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { backfillPart } from "./backfill/part.ts";
import { codeLocationPart } from "./code-location/part.ts";
import type { MakePart } from "./compose.ts";
import { definitionsPart } from "./definitions/part.ts";
import type { Flags } from "./flags.ts";
import { readContainerContext } from "./run/merge/container-context.ts";
import { runPart } from "./run/part.ts";

/** What the operator does, one entry a kind or concern. @throws Error the run launcher's settings cannot be read */
export function parts(flags: Flags): MakePart[] {
  const { runApiUrl, runLauncherConfig: file } = flags;
  // Without the address of the run API no run could report, so there is no compute backend then.
  if (runApiUrl === undefined) return [codeLocationPart(), definitionsPart(), backfillPart()];
  return [
    codeLocationPart(),
    definitionsPart(),
    backfillPart(),
    runPart({
      runApiUrl,
      launcher: readContainerContext(file === undefined ? {} : parse(readFileSync(file, "utf8"))),
      ttl: { success: flags.runTtlAfterSuccess, failure: flags.runTtlAfterFailure },
      startTimeoutMs: flags.runStartTimeout * 1000,
      maxResumeAttempts: flags.maxResumeRunAttempts,
      infrastructureRetries: flags.runInfrastructureRetries,
    }),
  ];
}
