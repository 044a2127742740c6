// Compiles the workspaces; builds the page only when its sources are newer than what was built.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

console.log("Compiling the workspaces …");
execFileSync("tsc", ["-b"], { cwd: root, stdio: "inherit" });
const built = join(root, "ui/dist/index.html");
const sources = ["ui/src", "ui/index.html", "ui/vite.config.ts", "ui/package.json", "package-lock.json"]
  .map((path) => join(root, path))
  .filter(existsSync);
if (!existsSync(built) || newest(built) < Math.max(...sources.map(newest))) {
  console.log("Building the page …");
  execFileSync("npm", ["run", "--silent", "build", "-w", "ui", "--", "--logLevel", "warn"], {
    cwd: root,
    stdio: "inherit",
  });
}
// The first database of a version takes seconds to make; a user's first start only copies it.
const { prepareTemplate } = await import("@dagster-operator/storage");
await prepareTemplate();
