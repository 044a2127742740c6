export { LocalWorkspace } from "./local-workspace.ts";
export { LocationSource } from "./location-source.ts";
