export { LocalWorkspace, type LocalWorkspaceOptions } from "./local-workspace.ts";
export { LocationSource } from "./location-source.ts";
