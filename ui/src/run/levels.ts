import type { LogLevel } from "../graphql/generated/operations.ts";

/** Log levels from quiet to loud. */
export const LogLevelNames: readonly LogLevel[] = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
