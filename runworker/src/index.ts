export { RUNWORKER_ENV } from "./worker-env.ts";
