export { DEFAULT_CONFIG, daemonConfig } from "./config.ts";
export { type Daemon, type DaemonOptions, startDaemon } from "./start-daemon.ts";
