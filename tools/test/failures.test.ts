import { describe, expect, test } from "@jest/globals";
import { failureBlocks, withSecondRun } from "../failures.mjs";

const red = (text: string) => `\u001b[31m${text}\u001b[39m`;
const failedTest = (fullName: string, message: string) => ({
  fullName,
  status: "failed",
  failureMessages: [message],
});

describe("the failures that CI shows last", () => {
  test("name file and test, and give the start of the message without colours, and where", () => {
    const message = [
      red("Error: expected"),
      "",
      ...Array.from({ length: 30 }, (_, i) => `line ${i + 2}`),
      "  at /repo/sdk/src/a.ts:1:1",
      "  at sdk/test/plan.test.ts:7:3",
    ].join("\n");
    const [block, ...more] = failureBlocks(
      {
        testResults: [
          {
            name: "/repo/sdk/test/plan.test.ts",
            status: "failed",
            message: "all of it",
            assertionResults: [
              { fullName: "plan works", status: "passed", failureMessages: [] },
              failedTest("plan orders steps", message),
            ],
          },
        ],
      },
      "/repo/",
    );
    expect(more).toEqual([]);
    expect(block?.split("\n")).toEqual([
      "FAILED sdk/test/plan.test.ts: plan orders steps",
      "  Error: expected",
      ...Array.from({ length: 5 }, (_, i) => `  line ${i + 2}`),
      "  at sdk/test/plan.test.ts:7:3",
    ]);
  });

  test("give the message of a file that could not run, and of one that failed outside its tests", () => {
    const suite = {
      name: "/repo/a.test.ts",
      status: "failed",
      message: red("cannot load x"),
      assertionResults: [],
    };
    const after = { ...suite, assertionResults: [{ fullName: "t", status: "passed", failureMessages: [] }] };
    expect(failureBlocks({ testResults: [suite, after] }, "/repo/")).toEqual([
      "FAILED a.test.ts\n  cannot load x",
      "FAILED a.test.ts\n  cannot load x",
    ]);
  });

  test("are at most 20, the first of them last, and say how many more there are", () => {
    const assertionResults = Array.from({ length: 23 }, (_, i) => failedTest(`t${i}`, "no"));
    const blocks = failureBlocks(
      { testResults: [{ name: "/repo/a.test.ts", status: "failed", message: "", assertionResults }] },
      "/repo/",
    );
    expect(blocks).toHaveLength(21);
    expect(blocks[0]).toBe("and 3 more failures");
    expect(blocks.at(-1)).toBe("FAILED a.test.ts: t0\n  no");
  });
});

test("a file that ran again stands with its second result; one that cannot load counts as one failure", () => {
  const suite = (name: string, ...statuses: string[]) => ({
    name,
    status: statuses.includes("failed") || statuses.length === 0 ? "failed" : "passed",
    assertionResults: statuses.map((status, i) => ({ fullName: `t${i}`, status, failureMessages: [] })),
  });
  const first = {
    testResults: [suite("a", "passed"), suite("b", "failed", "failed"), suite("c"), suite("d", "failed")],
  };
  const second = { testResults: [suite("b", "passed", "failed"), suite("d", "passed")] };
  const { passed, failed, testResults } = withSecondRun(first, second);
  expect({ passed, failed }).toEqual({ passed: 3, failed: 2 });
  expect(
    testResults.map(({ name, status }: { name: string; status: string }) => `${name} ${status}`),
  ).toEqual(["a passed", "b failed", "c failed", "d passed"]);
});
