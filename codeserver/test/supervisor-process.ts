/** A supervisor in a process of its own, to be killed: tells its parent the pid of its one code server. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LocalWorkspace } from "../src/supervisor/index.ts";

const [, , folder = ""] = process.argv;
const pidFile = join(folder, "pid");
const workspace = new LocalWorkspace({
  locations: [{ name: "here", file: "definitions.ts", workingDirectory: folder, env: { PID_FILE: pidFile } }],
});
workspace.subscribe((entry) => {
  if (entry.state === "LOADED") process.send?.(Number(readFileSync(pidFile, "utf8")));
});
