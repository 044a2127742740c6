import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import {
  asset,
  assetCheck,
  dailyPartitions,
  executeInProcess,
  job,
  materialize,
  multiAsset,
  op,
  type PipesCommand,
  type PipesResult,
  pipesSubprocess,
} from "../src/index.ts";
import { pythonWithPipes } from "./dagster-pipes.ts";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/pipes/${name}`, import.meta.url));
const python = pythonWithPipes();
const withPython = python === null ? test.skip : test;
const node = (extras: Record<string, unknown> = {}) => ({
  command: [process.execPath, fixture("by-hand.mjs")] as const,
  extras,
});

/** An asset that runs one command. */
function running(command: Omit<PipesCommand, "context">, options: { checks?: Record<string, object> } = {}) {
  const seen: { result?: PipesResult } = {};
  const made = asset("report", { resources: { pipes: pipesSubprocess }, ...options }, async (context) => {
    seen.result = await context.resources.pipes.run({ ...command, context });
  });
  return { made, seen };
}

withPython("dagster-pipes of PyPI reports everything that it can", async () => {
  let result: PipesResult | undefined;
  const made = asset(
    "ml/report",
    {
      partitions: dailyPartitions({ start: "2024-01-01", timezone: "Europe/Rome" }),
      codeVersion: "3",
      checks: { not_empty: {}, small_loss: {} },
      resources: { pipes: pipesSubprocess },
    },
    async (context) => {
      result = await context.resources.pipes.run({
        command: [python ?? "", fixture("report.py")],
        context,
        extras: { epochs: [1, 2] },
      });
    },
  );
  const run = await materialize([made], { partitionKey: "2024-03-31" });
  expect(run.eventsOf("LOG_MESSAGE").map(({ level, message }) => [level, message])).toEqual([
    ["DEBUG", "a detail"],
    ["INFO", "asset ml/report, partition 2024-03-31"],
    ["WARNING", "mind this"],
    ["ERROR", "a bad row"],
    ["CRITICAL", "a worse one"],
  ]);
  expect(result?.customMessages).toEqual([
    {
      run: run.runId,
      job: "__ASSET_JOB",
      retry: 0,
      "code version": "3",
      range: { start: "2024-03-31", end: "2024-03-31" },
      window: { start: "2024-03-30T23:00:00.000Z", end: "2024-03-31T22:00:00.000Z" },
      extra: [1, 2],
    },
  ]);
  const [materialization, ...others] = run.eventsOf("ASSET_MATERIALIZATION");
  expect(others).toEqual([]);
  expect(materialization).toMatchObject({
    asset: ["ml", "report"],
    partition: "2024-03-31",
    dataVersion: "v7",
    metadata: {
      rows: { type: "int", value: 3 },
      loss: { type: "float", value: 0.25 },
      good: { type: "bool", value: true },
      plain: { type: "text", value: "text" },
      docs: { type: "url", value: "https://example.com" },
      file: { type: "path", value: "/tmp/model" },
      notes: { type: "markdown", value: "# Notes" },
      tree: { type: "json", value: { a: [1] } },
      at: { type: "timestamp", value: 1_700_000_000 },
      from: { type: "asset", value: ["raw", "rows"] },
      nothing: { type: "null" },
    },
  });
  expect(run.checks).toMatchObject({
    not_empty: { passed: true, severity: "ERROR", metadata: { rows: { type: "int", value: 3 } } },
    small_loss: { passed: false, severity: "WARN" },
  });
});

withPython("a Python exception is the step's failure, with its own stack and cause", async () => {
  const { made } = running({ command: [python ?? "", fixture("raise.py")] });
  const run = await materialize([made], { raise: false });
  const [failed] = run.eventsOf("STEP_FAILURE");
  expect(failed?.error).toMatchObject({
    name: "PipesExecutionError",
    message: expect.stringMatching(
      /raise\.py" ended with exit code 1: ValueError: no rows to train with\. Its last lines:\n[\s\S]*KeyError: 'rows'/,
    ),
    cause: {
      name: "ValueError",
      stack: expect.stringContaining('raise ValueError("no rows to train with") from error'),
      cause: { name: "KeyError", message: "KeyError: 'rows'" },
    },
  });
});

test("a program that speaks the protocol by hand gets the context, the environment and the folder", async () => {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), "pipes-cwd-")));
  const { made, seen } = running({ ...node({ a: 1 }), cwd, env: { COLOR: "red" } });
  const run = await materialize([made], { tags: { team: "ml" } });
  expect(seen.result?.customMessages).toEqual([
    {
      cwd,
      color: "red",
      context: {
        asset_keys: ["report"],
        code_version_by_asset_key: { report: null },
        provenance_by_asset_key: { report: null },
        partition_key: null,
        partition_key_range: null,
        partition_time_window: null,
        run_id: run.runId,
        job_name: "__ASSET_JOB",
        retry_number: 0,
        extras: { a: 1 },
      },
    },
  ]);
  expect(run.eventsOf("LOG_MESSAGE")).toEqual([]);
});

test("a shell script speaks it with printf", async () => {
  const script = `
    messages=$(node -e 'console.log(JSON.parse(require("zlib").inflateSync(Buffer.from(process.env.DAGSTER_PIPES_MESSAGES, "base64"))).path)')
    printf '{"__dagster_pipes_version":"0.1","method":"opened","params":{}}\\n' >> "$messages"
    printf '{"__dagster_pipes_version":"0.1","method":"log","params":{"level":"INFO","message":"from sh"}}\\n' >> "$messages"
    printf '{"__dagster_pipes_version":"0.1","method":"closed","params":{}}' >> "$messages"`;
  const { made } = running({ command: ["sh", "-c", script] });
  const run = await materialize([made]);
  expect(run.eventsOf("LOG_MESSAGE").map(({ message }) => message)).toEqual(["from sh"]);
});

test("several partitions in one run are told as a range", async () => {
  const seen: unknown[] = [];
  const partitions = dailyPartitions({ start: "2024-01-01" });
  const made = asset("days", { partitions, resources: { pipes: pipesSubprocess } }, async (context) => {
    const say = [
      [
        "report_asset_materialization",
        { asset_key: "days", data_version: null, metadata: { n: { raw_value: 1, type: "__infer__" } } },
      ],
    ];
    const result = await context.resources.pipes.run({ ...node({ say }), context });
    seen.push(...result.customMessages);
  });
  const run = await materialize([made], { partitionKeyRange: { start: "2024-01-01", end: "2024-01-03" } });
  expect(seen).toMatchObject([
    {
      context: {
        partition_key: null,
        partition_key_range: { start: "2024-01-01", end: "2024-01-03" },
        partition_time_window: { start: "2024-01-01T00:00:00.000Z", end: "2024-01-04T00:00:00.000Z" },
      },
    },
  ]);
  expect(
    run.eventsOf("ASSET_MATERIALIZATION").map(({ partition, metadata }) => [partition, metadata]),
  ).toEqual(["2024-01-01", "2024-01-02", "2024-01-03"].map((key) => [key, { n: { type: "int", value: 1 } }]));
});

test("each asset of a multi-asset gets its own metadata and data version", async () => {
  const report = (name: string, rows: number) => [
    "report_asset_materialization",
    {
      asset_key: `split/${name}`,
      data_version: `v${rows}`,
      metadata: { rows: { raw_value: rows, type: "int" } },
    },
  ];
  const { train, rest } = multiAsset(
    "split",
    {
      assets: { train: {}, rest: {} },
      keyPrefix: "split",
      canSubset: true,
      resources: { pipes: pipesSubprocess },
    },
    async (context): Promise<{ train?: undefined; rest?: undefined }> => {
      const said = await context.resources.pipes.run({
        ...node({ say: [report("train", 8), report("rest", 2)] }),
        context,
      });
      return said.outputs;
    },
  );
  const run = await materialize([train, rest]);
  expect(
    run
      .eventsOf("ASSET_MATERIALIZATION")
      .map(({ asset: key, dataVersion, metadata }) => [key[1], dataVersion, metadata.rows]),
  ).toEqual([
    ["train", "v8", { type: "int", value: 8 }],
    ["rest", "v2", { type: "int", value: 2 }],
  ]);
});

test("an op may report any asset, and a check's step its check", async () => {
  const say = [
    ["report_asset_materialization", { asset_key: "raw/a\\/b", data_version: "1", metadata: null }],
  ];
  const load = op("load", { resources: { pipes: pipesSubprocess } }, async (context) => {
    await context.resources.pipes.run({ ...node({ say }), context });
  });
  const run = await executeInProcess(job("nightly", () => void load()));
  expect(run.eventsOf("ASSET_MATERIALIZATION")).toMatchObject([{ asset: ["raw", "a/b"], dataVersion: "1" }]);

  const rows = asset("rows", () => [1]);
  const check = assetCheck(
    "fresh",
    { asset: rows, resources: { pipes: pipesSubprocess } },
    async (context) => {
      const params = {
        asset_key: "rows",
        check_name: "fresh",
        passed: false,
        severity: "WARN",
        metadata: null,
      };
      const { checks } = await context.resources.pipes.run({
        ...node({ say: [["report_asset_check", params]] }),
        context,
      });
      return checks[0] ?? false;
    },
  );
  expect((await materialize([rows, check])).checks.fresh).toMatchObject({ passed: false, severity: "WARN" });
});

test.each([
  [
    "a check that the asset does not declare",
    {
      say: [["report_asset_check", { asset_key: "report", check_name: "no", passed: true, metadata: null }]],
    },
    /check no is not declared: add it to `checks`/,
  ],
  ["an exit code", { exitCode: 3 }, /by-hand\.mjs" ended with exit code 3\. It printed nothing\./],
  [
    "an error at the close with exit code 0",
    { say: [["closed", { exception: { message: "disk full", name: "OSError", stack: [] } }]], close: false },
    /closed its Dagster Pipes session with an error: disk full/,
  ],
])("%s fails the step with clear words", async (_, extras, message) => {
  const run = await materialize([running(node(extras)).made], { raise: false });
  expect(run.eventsOf("STEP_FAILURE")[0]?.error?.message).toMatch(message);
});

test("a failed command shows its last lines, and a signal its name", async () => {
  const shell = async (script: string) => {
    const run = await materialize([running({ command: ["sh", "-c", script] }).made], { raise: false });
    return run.eventsOf("STEP_FAILURE")[0]?.error?.message;
  };
  expect(await shell("seq 1 100; echo broken >&2; sleep 0.1; exit 9")).toMatch(
    /ended with exit code 9\. Its last lines:\n82\n[\s\S]*\n100\nbroken$/,
  );
  expect(await shell("kill -KILL $$")).toMatch(/was ended by SIGKILL, perhaps for want of memory/);
});

test("a program that is not there is named", async () => {
  const run = await materialize([running({ command: ["no-such-program"] }).made], { raise: false });
  expect(run.eventsOf("STEP_FAILURE")[0]?.error?.message).toMatch(
    /command "no-such-program" could not be started: .*ENOENT.* Is no-such-program installed/,
  );
});

test.each([
  [
    "did not open",
    { command: ["true"] as const },
    /opened no Dagster Pipes session, so nothing that it did is recorded/,
  ],
  ["did not close", node({ close: false }), /did not close its Dagster Pipes session/],
  [
    "wrote something else",
    node({ raw: ["not json\n", '{"method":"dance","params":{}}\n'] }),
    /passed over a line that is no message/,
  ],
])("a session that %s is told in the event log", async (_, command, message) => {
  const run = await materialize([running(command).made]);
  const warnings = run.eventsOf("LOG_MESSAGE").filter(({ level }) => level === "WARNING");
  expect(warnings.length).toBeGreaterThan(0);
  for (const warning of warnings) expect(warning.message).toMatch(message);
});

test("a cancel ends the command and what it started, and leaves no folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pipes-cancel-"));
  const pids = join(folder, "pids");
  const script = `trap '' TERM; sleep 600 & echo $! > ${pids}; echo $$ >> ${pids}; wait; sleep 600`;
  const cancel = new AbortController();
  const made = asset(
    "slow",
    { resources: { pipes: pipesSubprocess.configured({ killAfterSeconds: 0.2 }) } },
    async (context) => {
      await context.resources.pipes.run({ command: ["sh", "-c", script], context });
    },
  );
  const shared = process.env.TMPDIR;
  // Other tests may have a session at the same time, in the folder of all.
  process.env.TMPDIR = folder;
  const running = materialize([made], { raise: false, signal: cancel.signal });
  const started = () => existsSync(pids) && readFileSync(pids, "utf8").trim().split("\n").length === 2;
  while (!started()) await sleep(20);
  if (shared === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = shared;
  cancel.abort();
  expect((await running).status).toBe("CANCELED");
  const all = readFileSync(pids, "utf8").trim().split("\n").map(Number);
  while (all.some(alive)) await sleep(50);
  expect(readdirSync(folder)).toEqual(["pids"]);
});

test("a command does not outlive its worker, killed with no warning", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pipes-killed-"));
  const pids = join(folder, "pids");
  const worker = spawn(
    process.execPath,
    ["--conditions=source", "--no-warnings", fixture("worker.ts"), pids],
    { stdio: "ignore", env: { ...process.env, TMPDIR: folder } },
  );
  const started = () => existsSync(pids) && readFileSync(pids, "utf8").trim().split("\n").length === 2;
  while (!started()) await sleep(20);
  worker.kill("SIGKILL");
  const all = readFileSync(pids, "utf8").trim().split("\n").map(Number);
  while (all.some(alive)) await sleep(50);
  while (readdirSync(folder).some((name) => name.startsWith("dagster-pipes-"))) await sleep(50);
});

/** A process that has ended but that nobody has asked after yet counts as ended. */
function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
