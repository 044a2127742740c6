export { addFrameworkPackage } from "./frames.ts";
export { DefinitionsTarget, loadDefinitions } from "./load-definitions.ts";
export { cleanError, userError } from "./user-error.ts";
