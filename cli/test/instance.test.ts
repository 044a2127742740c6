import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Conflict } from "@dagster-operator/engine";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { SourceError } from "../src/input/source.ts";
import { findRunning, readFacts, removeFacts, writeFacts } from "../src/instance/facts.ts";
import { holdFolder, startOf } from "../src/instance/folder.ts";
import { DEFAULT_SETTINGS, readInstanceFile } from "../src/instance/instance-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dagsterctl-instance-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the storage folder", () => {
  test("is held by one process at a time and free again after release", () => {
    const first = holdFolder(folder);
    expect(() => holdFolder(folder)).toThrow(Conflict);
    expect(() => holdFolder(folder)).toThrow(
      new RegExp(`in use by another dagsterctl \\(process ${process.pid}\\)`),
    );
    first.release();
    holdFolder(folder).release();
    expect(existsSync(join(folder, "lock"))).toBe(false);
  });

  test("is taken over from a process that died", async () => {
    const child = spawn("sleep", ["60"]);
    await once(child, "spawn");
    writeFileSync(join(folder, "lock"), JSON.stringify({ pid: child.pid, started: startOf(child.pid ?? 0) }));
    expect(() => holdFolder(folder)).toThrow(Conflict);
    child.kill("SIGKILL");
    await once(child, "exit");
    holdFolder(folder).release();
  });

  test("is taken over when the pid now belongs to another process, and when the lock was cut short", () => {
    writeFileSync(join(folder, "lock"), JSON.stringify({ pid: process.pid, started: "1" }));
    holdFolder(folder).release();
    writeFileSync(join(folder, "lock"), '{"pi');
    holdFolder(folder).release();
  });

  test("keeps itself out of version control", () => {
    holdFolder(join(folder, "deep/er")).release();
    expect(readFileSync(join(folder, "deep/er/.gitignore"), "utf8")).toBe("*\n");
  });
});

describe("the facts of a running system", () => {
  const facts = {
    url: "http://127.0.0.1:3000",
    pid: process.pid,
    started: startOf(process.pid),
    storage: "x",
    version: "0.1.0",
  };
  test("are found from a folder below", () => {
    mkdirSync(join(folder, ".dagster-operator"));
    mkdirSync(join(folder, "src/deep"), { recursive: true });
    writeFacts(join(folder, ".dagster-operator"), facts);
    expect(findRunning(join(folder, "src/deep"))).toEqual(facts);
    removeFacts(join(folder, ".dagster-operator"));
    expect(findRunning(join(folder, "src/deep"))).toBeNull();
  });
  test("of a process that has ended count for nothing", () => {
    writeFacts(folder, { ...facts, started: "1" });
    expect(readFacts(folder)).toBeNull();
    writeFileSync(join(folder, "instance.json"), "{");
    expect(readFacts(folder)).toBeNull();
  });
});

describe("dagster.yaml", () => {
  const read = (text: string) => {
    writeFileSync(join(folder, "dagster.yaml"), text);
    return readInstanceFile(undefined, folder);
  };
  test("is not needed", () => {
    expect(readInstanceFile(undefined, folder)).toEqual(DEFAULT_SETTINGS);
    expect(read("# nothing\n")).toEqual(DEFAULT_SETTINGS);
  });
  test("sets the queue in each of the places that Dagster knows", () => {
    expect(read("run_queue: {max_concurrent_runs: 3}").queue.maxConcurrentRuns).toBe(3);
    expect(
      read(`run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: 4
    tag_concurrency_limits:
      - { key: team, value: red, limit: 1 }
      - { key: user, value: { applyLimitPerUniqueValue: true }, limit: 2 }
      - { key: heavy, limit: 0 }
`).queue,
    ).toEqual({
      maxConcurrentRuns: 4,
      tagLimits: [
        { key: "team", value: "red", limit: 1 },
        { key: "user", perUniqueValue: true, limit: 2 },
        { key: "heavy", limit: 0 },
      ],
    });
    expect(read("concurrency: {runs: {max_concurrent_runs: -1}}").queue.maxConcurrentRuns).toBe(-1);
  });
  test("refuses unknown keys with a suggestion, and says where a known one belongs here", () => {
    expect(() => read("run_queue:\n  max_concurent_runs: 3")).toThrow(
      /dagster\.yaml:2:3: unknown key "max_concurent_runs"\. Did you mean "max_concurrent_runs"\?/,
    );
    expect(() => read("storage: {postgres: {}}")).toThrow(
      /"storage" cannot be set here: name the storage with --storage/,
    );
    expect(() =>
      read("run_queue: {max_concurrent_runs: 1}\nconcurrency: {runs: {max_concurrent_runs: 2}}"),
    ).toThrow(/set twice/);
    expect(() => read("run_coordinator: {class: DefaultRunCoordinator}")).toThrow(SourceError);
  });
});
