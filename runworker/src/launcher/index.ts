export { LocalProcessBackend, type RunSource } from "./local-process-backend.ts";
