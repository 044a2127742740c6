import { describe, expect, test } from "@jest/globals";
import { ServerSentEvents } from "../src/graphql/server-sent-events.ts";
import { FilteredEvents } from "../src/run/event-filter.ts";
import { LogTail, plain } from "../src/run/log-tail.ts";

const events = [
  { message: "Started step a", level: "DEBUG" as const, stepKey: "a", eventType: "STEP_START" as const },
  { message: "read 5 rows", level: "INFO" as const, stepKey: "a", eventType: null },
  { message: "No such table", level: "ERROR" as const, stepKey: "b", eventType: "STEP_FAILURE" as const },
];

describe("event filter", () => {
  test.each([
    [{}, [0, 1, 2]],
    [{ q: "ROWS" }, [1]],
    [{ q: "failure" }, [2]],
    [{ level: ["ERROR" as const, "INFO" as const] }, [1, 2]],
    [{ step: ["a"] }, [0, 1]],
    [{ type: ["LOG_MESSAGE"] }, [1]],
    [{ step: ["b"], q: "rows" }, []],
  ])("%j", (filter, expected) => {
    expect(new FilteredEvents(filter).update(events)).toEqual(expected);
  });

  test("looks only at what was appended", () => {
    const filtered = new FilteredEvents({ level: ["ERROR"] });
    const growing = events.slice(0, 1);
    expect(filtered.update(growing)).toEqual([]);
    growing.push(...events.slice(1));
    expect(filtered.update(growing)).toEqual([2]);
  });
});

test("server-sent events are found however the stream is cut", () => {
  const text = 'event: next\ndata: {"a":\ndata: 1}\n\n: ping\n\nevent: complete\ndata:\n\n';
  for (let size = 1; size < text.length; size++) {
    const parser = new ServerSentEvents();
    const found = [];
    for (let i = 0; i < text.length; i += size) found.push(...parser.push(text.slice(i, i + size)));
    expect(found).toEqual([
      { type: "next", data: '{"a":\n1}' },
      { type: "complete", data: "" },
    ]);
  }
});

test("a log tail joins lines over reads, keeps the last of a carriage-return progress bar, and forgets the oldest", () => {
  const tail = new LogTail("/logs/r/s/out", { keepLines: 3 });
  tail.push("one\ntw");
  tail.push("o\r\n10%\r50%\r100%\n");
  expect(tail.lines).toEqual(["one", "two", "100%"]);
  tail.push("four\nrest");
  expect([tail.lines, tail.pending]).toEqual([["two", "100%", "four"], "rest"]);
  expect(plain("\u001b[31mred\u001b[0m")).toBe("red");
});
