#!/usr/bin/env node
// Starts dagsterctl on Node 24 or newer, whatever Node the shell has (≥ 20): npm installs a Node 24 beside us as a package.
// Plain JavaScript, because it must run before there is a Node that can strip types.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module, { createRequire } from "node:module";
import { constants, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const NEEDED = 24;
const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "../dist/main.js");
// In a checkout that is not built the sources run as they are; `node --conditions=source …` asks for them explicitly.
const asked = process.execArgv.includes("--conditions=source");
const source = asked || !existsSync(dist);
const main = source ? join(here, "../src/main.ts") : dist;

if (Number(process.versions.node.split(".")[0]) >= NEEDED && source === asked) {
  // Code servers and run workers inherit the variable: they start in half the time.
  process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "node-compile-cache");
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
  await import(main);
} else {
  delegate();
}

function delegate() {
  const node = findNode();
  const args = [
    ...(source ? ["--conditions=source"] : []),
    fileURLToPath(import.meta.url),
    ...process.argv.slice(2),
  ];
  // Where it can be, this process becomes that one: same pid, nothing between it and its signals.
  if (process.execve && process.platform !== "win32") process.execve(node, [node, ...args], process.env);
  // The channel carries nothing: its end tells the child that we are gone, also after kill -9.
  const child = spawn(node, args, { stdio: ["inherit", "inherit", "inherit", "ipc"] });
  child.on("error", (error) => {
    process.stderr.write(`dagsterctl: cannot start ${node}: ${error.message}\n`);
    process.exit(70);
  });
  // A terminal sends Ctrl-C to the child as well; it takes two within 200 ms for one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : code));
}

function findNode() {
  if (Number(process.versions.node.split(".")[0]) >= NEEDED) return process.execPath;
  try {
    const require = createRequire(import.meta.url);
    const node = join(
      dirname(require.resolve("node/package.json")),
      "bin",
      process.platform === "win32" ? "node.exe" : "node",
    );
    if (existsSync(node)) return node;
  } catch {
    // Installed without the package: told below.
  }
  process.stderr.write(
    `dagsterctl needs Node ${NEEDED} or newer. This is Node ${process.versions.node}, and the npm package "node" that brings ` +
      `one is not installed beside it.\nInstall it (npm install node@${NEEDED}), or run dagsterctl with a newer Node.\n`,
  );
  process.exit(2);
}
