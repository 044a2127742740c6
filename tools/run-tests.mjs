// Runs Jest over what the arguments name (all by default). Where only the end of the output is seen, as in CI, it has to
// tell why: the failures come last, the first of them at the very end, then the line that CI reads.
// A few files that failed run once more, alone: a machine with two cores that did two things at once is no defect of what is
// tested, a wrong result stays wrong. What passed only then is printed as FLAKY with its first message: it wants mending too.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failedSuites, failureBlocks, withSecondRun } from "./failures.mjs";

const root = new URL("..", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "dagster-operator-tests-"));
const few = 4;

/** What Jest reports of these arguments; null when it ended before it could. */
function jest(name, args) {
  const path = join(folder, `${name}.json`);
  const { status, signal } = spawnSync(
    process.execPath,
    [
      "--experimental-vm-modules",
      "--no-warnings",
      join(root, "node_modules/jest/bin/jest.js"),
      "--json",
      `--outputFile=${path}`,
      ...args,
    ],
    { cwd: root, stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, NODE_ENV: "test" } },
  );
  if (existsSync(path)) return { report: JSON.parse(readFileSync(path, "utf8")), status: status ?? 1 };
  console.log(`Jest ended with ${signal ?? status} before it wrote its report: what it said stands above`);
  return null;
}

/** The failed files alone; null when none failed, or too many to be chance. */
function again(args, files) {
  if (files.length === 0 || files.length > few) return null;
  console.log(`\nThese files failed and run once more, alone:\n${files.join("\n")}\n`);
  const config = args.indexOf("-c");
  const flags = config < 0 ? [] : args.slice(config, config + 2);
  return jest("second", [...flags, "--runInBand", "--runTestsByPath", ...files]);
}

/** Prints what failed; passed and failed tests, and the exit code. */
function run(args) {
  const first = jest("first", args);
  if (!first) return { passed: 0, failed: 1, status: 1 };
  const names = (report) => failedSuites(report).map(({ name }) => name);
  const second = again(args, names(first.report));
  const all = withSecondRun(first.report, second?.report ?? { testResults: [] });
  const still = new Set(names(all));
  const healed = first.report.testResults.filter(({ name }) => !still.has(name));
  const blocks = [...failureBlocks({ testResults: healed }, root, "FLAKY"), ...failureBlocks(all, root)];
  for (const block of blocks) console.log(`${block}\n`);
  return { passed: all.passed, failed: all.failed, status: (second ?? first).status };
}

const { passed, failed, status } = run(process.argv.slice(2));
if (process.env.DAGSTER_OPERATOR_TEST_COUNTS) {
  writeFileSync(process.env.DAGSTER_OPERATOR_TEST_COUNTS, `${passed} ${failed}\n`, { flag: "a" });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = status;
