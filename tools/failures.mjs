import { relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

const most = 20;
const lines = 15;

/** A block for each of the first 20 failures of Jest's JSON report: file, full test name, start of the message; no colours. */
export function failureBlocks(report, root) {
  const failures = report.testResults.flatMap((suite) => {
    const file = relative(root, suite.name);
    const tests = suite.assertionResults
      .filter(({ status }) => status === "failed")
      .map(({ fullName, failureMessages }) => ({
        title: `${file}: ${fullName}`,
        message: failureMessages.join("\n"),
      }));
    // No test to blame: the file did not load, or a hook or something that outlived its test threw.
    return suite.status === "failed" && tests.length === 0
      ? [{ title: file, message: suite.message }]
      : tests;
  });
  const blocks = failures.slice(0, most).map(({ title, message }) => {
    const text = stripVTControlCharacters(message).trim().split("\n").slice(0, lines);
    return [`FAILED ${title}`, ...text.map((line) => `  ${line}`.trimEnd())].join("\n");
  });
  return failures.length > most ? [...blocks, `and ${failures.length - most} more failures`] : blocks;
}
