import { basename, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

const most = 20;
const lines = 6;
const width = 200;

/**
 * A block for each of the first 20 failures of Jest's JSON report: word, file, full test name, start of the message, where;
 * no colours. What failed first comes last: CI shows hardly more than a screen of the end, and what follows is often its effect.
 */
export function failureBlocks(report, root, word = "FAILED") {
  const failures = [...report.testResults]
    .sort((a, b) => a.startTime - b.startTime)
    .flatMap((suite) => {
      const file = relative(root, suite.name);
      const tests = suite.assertionResults
        .filter(({ status }) => status === "failed")
        .map(({ fullName, failureMessages }) => ({
          file,
          title: `${file}: ${fullName}`,
          message: failureMessages.join("\n"),
        }));
      // No test to blame: the file did not load, or a hook or something that outlived its test threw.
      return suite.status === "failed" && tests.length === 0
        ? [{ file, title: file, message: suite.message }]
        : tests;
    });
  const blocks = failures.slice(0, most).map(({ file, title, message }) => {
    const said = stripVTControlCharacters(message)
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
    const where = said.slice(lines).find((line) => line.startsWith("at ") && line.includes(basename(file)));
    const told = [...said.slice(0, lines), ...(where ? [where] : [])];
    return [`${word} ${title}`, ...told.map((line) => `  ${line.slice(0, width)}`)].join("\n");
  });
  if (failures.length > most) blocks.push(`and ${failures.length - most} more failures`);
  return blocks.reverse();
}

/** The files of a report that failed: by a test, by a hook, or because they did not load. */
export function failedSuites(report) {
  return report.testResults.filter(({ status }) => status === "failed");
}

/** The first report where each file that ran again stands with its second result, and its counts. */
export function withSecondRun(first, second) {
  const again = new Map(second.testResults.map((suite) => [suite.name, suite]));
  const testResults = first.testResults.map((suite) => again.get(suite.name) ?? suite);
  const count = (status) =>
    testResults.flatMap(({ assertionResults }) => assertionResults).filter((test) => test.status === status)
      .length;
  const broken = failedSuites({ testResults }).filter(
    ({ assertionResults }) => !assertionResults.some(({ status }) => status === "failed"),
  );
  return { testResults, passed: count("passed"), failed: count("failed") + broken.length };
}
