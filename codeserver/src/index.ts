/** Processes that ask user code import `./client`; those that start code servers, `./supervisor`; those that run user code, `./loader`. */
export type { Address } from "./protocol.ts";
