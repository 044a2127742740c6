/** `dagsterctl dev`: the whole system until it is told to stop. */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { Conflict, type LocationEntry, trimWhenIdle } from "@dagster-operator/engine";
import type { DevOptions } from "../command/dev.ts";
import { type System, startSystem } from "../compose.ts";
import { readFacts, removeFacts, writeFacts } from "../instance/facts.ts";
import { holdFolder, startOf } from "../instance/folder.ts";
import { readInstanceFile } from "../instance/instance-file.ts";
import { AppliedManifests } from "../manifests/apply.ts";
import { EXIT } from "../output/exit.ts";
import { createOutput, type Output } from "../output/output.ts";
import { VERSION } from "../version.ts";
import { chooseLocations, withDefaults } from "../workspace/flags.ts";
import { isListProblem } from "../workspace/listed-workspace.ts";
import { followList } from "./follow-list.ts";
import { createLog } from "./log.ts";
import { displayUrl } from "./network.ts";
import { onStop } from "./signals.ts";
import { describeLocation } from "./start-up-text.ts";
import { chooseStorage, type StorageChoice } from "./storage-flag.ts";

export async function runDev(options: DevOptions): Promise<void> {
  const cwd = process.cwd();
  const output = createOutput("text");
  const startedAt = Date.now();
  // Everything that a person may have got wrong comes before anything is started.
  const flags = withDefaults(options, cwd);
  const chosen = chooseLocations(flags, cwd);
  const storage = chooseStorage(options.storage, cwd);
  const folder = hold(storage);
  try {
    const settings = readInstanceFile(options.instance, folder.path);
    mkdirSync(folder.artifacts, { recursive: true });
    const { log, close: closeLog } = createLog(join(folder.path, "system.log"), options.logLevel);
    const stopped = Promise.withResolvers<void>();
    const release = onStop(stopped.resolve, () => process.exit(EXIT.interrupted));
    try {
      const system = await startSystem({
        folder,
        postgres: storage.postgres,
        locations: chosen.locations,
        extra: chosen.manifests?.extra ?? new Map(),
        settings,
        host: options.host,
        port: options.port,
        automation: true,
        readOnly: options.readOnly ?? false,
        log,
      });
      writeFacts(folder.path, {
        url: system.url,
        pid: process.pid,
        started: startOf(process.pid),
        storage: storage.shown,
        version: VERSION,
      });
      try {
        const url = displayUrl(options.host, system.port);
        output.line(`\n${output.style("bold", "dagster-operator")} ${VERSION}\n`);
        output.line(`  Page  ${output.style("cyan", url)}`);
        output.line(`  Data  ${nice(storage.shown, cwd)} ${output.style("dim", "(survives restarts)")}`);
        const tellNote = (note: string) => output.line(`  ${output.style("yellow", "Note")}  ${note}`);
        for (const note of [...chosen.notes, ...settings.notes]) tellNote(note);
        output.line();
        if (options.open && output.live && !process.env.CI) openBrowser(url);
        tellLocations(system, startedAt, output);
        const storageReady = await Promise.race([system.ready, stopped.promise]);
        const ends: (() => void)[] = [];
        if (storageReady) {
          const { workspace } = system;
          const manifests = new AppliedManifests({
            storage: storageReady,
            workspace,
            tell: (line) => output.line(`  ${line}`),
            refuse: (line) => output.line(`  ${output.style("red", "✗")} ${line}`),
          });
          ends.push(
            () => manifests.close(),
            followList({ flags, cwd, chosen, workspace, manifests, tell: tellNote }),
            trimWhenIdle(),
          );
        }
        const taken = await Promise.race([stopped.promise, system.taken]);
        for (const end of ends) end();
        if (taken) throw taken;
        output.line("\nStopping …");
      } finally {
        removeFacts(folder.path);
        await system.close();
      }
    } finally {
      release();
      closeLog();
    }
  } finally {
    folder.release();
  }
}

/** Says where the other one is, when it says so itself. */
function hold({ folder }: StorageChoice) {
  try {
    return holdFolder(folder);
  } catch (error) {
    const facts = error instanceof Conflict ? readFacts(folder) : null;
    if (facts && error instanceof Conflict) throw new Conflict(`${error.message}\nIts page: ${facts.url}`);
    throw error;
  }
}

/** A line for each location when it loads, and again whenever that changes. */
function tellLocations({ workspace }: System, startedAt: number, output: Output): void {
  const starting = new Set(workspace.list().map(({ name }) => name));
  if (starting.size === 0) output.line("  No code locations. The page explains how to add one.");
  const told = new Map<string, string>();
  const tell = (entry: LocationEntry) => {
    if (entry.state === "LOADING") return;
    const width = Math.max(...workspace.list().map(({ name }) => name.length), entry.name.length);
    const version = `${entry.state}:${entry.snapshot?.hash ?? ""}:${entry.error?.message ?? ""}`;
    if (told.get(entry.name) === version) return;
    const took = starting.delete(entry.name) ? Date.now() - startedAt : null;
    output.line(
      workspace.get(entry.name) === null
        ? isListProblem(entry)
          ? `  ${output.style("green", "✓")} ${entry.name.padEnd(width)}  corrected`
          : `  ${output.style("dim", "–")} ${entry.name.padEnd(width)}  no longer listed`
        : describeLocation(entry, width, took, output),
    );
    told.set(entry.name, version);
  };
  workspace.subscribe(tell);
  for (const entry of workspace.list()) tell(entry);
}

function nice(path: string, cwd: string): string {
  const near = relative(cwd, path);
  return path.includes("://") || near.startsWith("..") ? path : `./${near}`;
}

function openBrowser(url: string): void {
  const [command, args] =
    process.platform === "darwin"
      ? ["open", [url]]
      : process.platform === "win32"
        ? ["cmd", ["/c", "start", "", url]]
        : ["xdg-open", [url]];
  if (process.platform === "linux" && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return;
  const child = spawn(command as string, args as string[], { stdio: "ignore", detached: true });
  // No browser on this machine is no fault: the URL stands on the terminal.
  child.on("error", () => child.unref());
  child.unref();
}
