import { expect, test } from "@jest/globals";
import { z } from "../src/index.ts";
import { configIssues } from "../src/repository/json-schema.ts";

const schema = z.object({
  file: z.string().min(1),
  limit: z.number().int().min(1).max(9).default(3),
  ratio: z.number().gt(0).lt(1).optional(),
  mode: z.enum(["fast", "safe"]).optional(),
  exact: z.literal("yes").optional(),
  columns: z
    .array(z.object({ name: z.string() }))
    .max(2)
    .optional(),
  code: z.string("write the code that the shop gave you").optional(),
  day: z.iso.date().optional(),
});

test.each([
  [{}, ["file: is missing: it must be a string"]],
  [undefined, [": is missing: it must be an object"]],
  [{ file: 3 }, ["file: must be a string, not 3"]],
  [{ file: null }, ["file: must be a string, not empty"]],
  [{ file: ["a"] }, ["file: must be a string, not a list"]],
  [{ file: "" }, ["file: must have at least 1 characters"]],
  [{ file: "a", limit: "many" }, ['limit: must be a number, not "many"']],
  [{ file: "a", limit: 1.5 }, ["limit: must be an integer, not 1.5"]],
  [{ file: "a", limit: 0 }, ["limit: must be at least 1"]],
  [{ file: "a", limit: 10 }, ["limit: must be at most 9"]],
  [{ file: "a", ratio: 1 }, ["ratio: must be less than 1"]],
  [{ file: "a", mode: "slow" }, ['mode: must be one of "fast", "safe"']],
  [{ file: "a", exact: "no" }, ['exact: must be "yes"']],
  [{ file: "a", columns: {} }, ["columns: must be a list, not an object"]],
  [{ file: "a", columns: [{ name: 4 }] }, ["columns[0].name: must be a string, not 4"]],
  [{ file: "a", columns: [{}, {}, {}] }, expect.arrayContaining(["columns: must have at most 2 items"])],
  [{ file: "a", code: 5 }, ["code: write the code that the shop gave you"]],
  [{ file: "a", day: "monday" }, ["day: Invalid ISO date"]],
])("of config %j it is said what is wrong, in words for a person", (value, messages) => {
  expect(configIssues(schema, value, "").map(({ path, message }) => `${path}: ${message}`)).toEqual(messages);
});
