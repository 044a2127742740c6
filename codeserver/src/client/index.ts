export type { Address } from "../protocol.ts";
export { HttpCodeLocation } from "./http-code-location.ts";
