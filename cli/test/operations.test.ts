import { printedSchema } from "@dagster-operator/webserver";
import { expect, test } from "@jest/globals";
import { buildSchema, parse, validate } from "graphql";
import * as backfills from "../src/graphql/backfills.ts";
import * as pools from "../src/graphql/pools.ts";
import * as events from "../src/graphql/run-events.ts";
import * as runs from "../src/graphql/runs.ts";
import { parse as parseEvent, readEvents } from "../src/graphql/server-sent-events.ts";
import * as workspace from "../src/graphql/workspace.ts";

const modules: Record<string, unknown> = { ...backfills, ...events, ...pools, ...runs, ...workspace };
const documents = Object.entries(modules).filter(
  (entry): entry is [string, string] =>
    typeof entry[1] === "string" && /^(query|mutation|subscription) /.test(entry[1]),
);

test("there are operations to check", () => expect(documents.length).toBeGreaterThan(12));

test.each(documents)("operation %s fits the schema of the webserver", (_, text) => {
  const schema = buildSchema(typeof printedSchema === "function" ? printedSchema() : printedSchema);
  expect(validate(schema, parse(text)).map((error) => error.message)).toEqual([]);
});

test("events of a stream are read across chunks, with comments and many data lines", async () => {
  const chunks = [
    ": hello\n\nevent: ne",
    'xt\ndata: {"a":\ndata: 1}\n',
    "\nevent: complete\ndata:\n\nevent: cut",
  ];
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const read = [];
  for await (const event of readEvents(body, new AbortController().signal)) read.push(event);
  expect(read).toEqual([
    { name: "next", data: '{"a":\n1}' },
    { name: "complete", data: "" },
  ]);
  expect(parseEvent(":keep-alive")).toBeNull();
});
