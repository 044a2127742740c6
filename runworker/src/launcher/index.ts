export { LocalProcessBackend, type LocalProcessOptions, type RunSource } from "./local-process-backend.ts";
