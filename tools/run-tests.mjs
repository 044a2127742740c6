// Runs Jest over what the arguments name (all by default). Where only the end of the output is seen, as in CI, it has to
// tell why: the failures come last, the first of them at the very end, then the line that CI reads. Jest's exit code stands.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failureBlocks } from "./failures.mjs";

const root = new URL("..", import.meta.url).pathname;
const path = join(mkdtempSync(join(tmpdir(), "dagster-operator-tests-")), "report.json");
const { status, signal } = spawnSync(
  process.execPath,
  [
    "--experimental-vm-modules",
    "--no-warnings",
    join(root, "node_modules/jest/bin/jest.js"),
    "--json",
    `--outputFile=${path}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, NODE_ENV: "test" } },
);
let passed = 0;
let failed = 1;
if (existsSync(path)) {
  const report = JSON.parse(readFileSync(path, "utf8"));
  passed = report.numPassedTests;
  failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  for (const block of failureBlocks(report, root)) console.log(`${block}\n`);
} else {
  console.log(`Jest ended with ${signal ?? status} before it wrote its report: what it said stands above`);
}
if (process.env.DAGSTER_OPERATOR_TEST_COUNTS) {
  writeFileSync(process.env.DAGSTER_OPERATOR_TEST_COUNTS, `${passed} ${failed}\n`, { flag: "a" });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = status ?? 1;
