// Runs Jest over what the arguments name (all by default) and closes with the line that CI reads. Jest's exit code stands.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const report = join(mkdtempSync(join(tmpdir(), "dagster-operator-tests-")), "report.json");
const { status } = spawnSync(
  process.execPath,
  [
    "--experimental-vm-modules",
    "--no-warnings",
    join(root, "node_modules/jest/bin/jest.js"),
    "--json",
    `--outputFile=${report}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, NODE_ENV: "test" } },
);
const {
  numPassedTests: passed,
  numFailedTests,
  numRuntimeErrorTestSuites,
} = JSON.parse(readFileSync(report, "utf8"));
const failed = numFailedTests + numRuntimeErrorTestSuites;
if (process.env.DAGSTER_OPERATOR_TEST_COUNTS) {
  writeFileSync(process.env.DAGSTER_OPERATOR_TEST_COUNTS, `${passed} ${failed}\n`, { flag: "a" });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = status ?? 1;
