export { type DaemonConfig, DEFAULT_CONFIG, daemonConfig } from "./config.ts";
export type { LoopHealth } from "./loop.ts";
export { type Daemon, type DaemonOptions, type LoopName, startDaemon } from "./start-daemon.ts";
