export { program } from "./program.ts";
export { VERSION } from "./version.ts";
