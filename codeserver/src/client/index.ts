export { HttpCodeLocation } from "./http-code-location.ts";
export { TableWorkspace } from "./table-workspace.ts";
