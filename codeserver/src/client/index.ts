export type { Address } from "../protocol.ts";
export { HttpCodeLocation } from "./http-code-location.ts";
export { TableWorkspace, type TableWorkspaceOptions } from "./table-workspace.ts";
