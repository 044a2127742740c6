import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { buildSchema } from "graphql";
import { generate } from "../tools/generate.ts";

const documents = join(import.meta.dirname, "../src/graphql");
const schema = buildSchema(readFileSync(join(import.meta.dirname, "../../webserver/schema.graphql"), "utf8"));
const source = readdirSync(documents)
  .filter((name) => name.endsWith(".graphql"))
  .sort()
  .map((name) => readFileSync(join(documents, name), "utf8"))
  .join("\n");

test("the generated operations are what the documents and the webserver's schema say", () => {
  expect(readFileSync(join(documents, "generated/operations.ts"), "utf8") === generate(schema, source)).toBe(
    true,
  );
});

test("a document that does not fit the schema is refused with the field's name", () => {
  expect(() => generate(schema, "query Wrong { version nothing }")).toThrow(/nothing/);
});

test("members of a union that select the same fields become one type, the others stay apart", () => {
  const text = generate(
    schema,
    "query Q { runOrError(runId: 1) { ... on Run { status } ... on Error { message } } }",
  );
  expect(text).toContain('{ __typename: "Run"; status: RunStatus; }');
  expect(text).toMatch(
    /__typename: "(PythonError" \| "RunNotFoundError|RunNotFoundError" \| "PythonError)"; message: string;/,
  );
});
