import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Installs a Debian package by name. Resolves false where that is not possible: not root, or no apt-get. @throws apt-get failed */
export async function installDebianPackage(name: string): Promise<boolean> {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return false;
  // Test files run side by side and may want something at the same time.
  const wait = ["-o", "DPkg::Lock::Timeout=600"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // A new machine has no list of packages yet.
  await run("apt-get", [...wait, "update", "-qq"], { env });
  await run("apt-get", [...wait, "install", "-y", "--no-install-recommends", name], {
    env,
    maxBuffer: 64 * 1024 * 1024,
  });
  return true;
}
