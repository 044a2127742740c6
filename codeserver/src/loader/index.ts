export { addFrameworkPackage } from "./frames.ts";
export { DefinitionsTarget, type LoadOutcome, loadDefinitions } from "./load-definitions.ts";
export type { WatchSet } from "./resolve.ts";
export { cleanError, userError } from "./user-error.ts";
