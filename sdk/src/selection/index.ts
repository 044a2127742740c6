export { parseSelection, type Selection, SelectionError } from "./parse.ts";
export { resolveSelection, type SelectableAsset, type SelectionOptions } from "./resolve.ts";
