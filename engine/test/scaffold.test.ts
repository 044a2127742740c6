import { Definitions, job, op, z } from "@dagster-operator/sdk";
import { validateRunConfig } from "@dagster-operator/sdk/internal";
import { expect, test } from "@jest/globals";
import { scaffoldRunConfig } from "../src/index.ts";
import { snapshotOf } from "../src/testing/index.ts";

const definitions = (config: z.ZodObject) =>
  new Definitions({ jobs: [job("work", () => void op("it", { config }, () => 1)())] });
function scaffold(config: z.ZodObject) {
  const all = definitions(config);
  const found = snapshotOf(all).jobs.find(({ name }) => name === "work");
  const made = scaffoldRunConfig(found?.runConfigSchema ?? {});
  return { made, issues: validateRunConfig(all, "work", made) };
}

test("a scaffold holds what is required and what has a default, and is accepted", () => {
  const { made, issues } = scaffold(
    z.object({
      title: z.string(),
      size: z.number().min(3),
      mode: z.enum(["fast", "safe"]),
      kind: z.literal("table"),
      tags: z.array(z.string()),
      target: z.union([z.object({ path: z.string() }), z.string()]),
      retries: z.number().default(2),
      note: z.string().optional(),
      nested: z.object({ on: z.boolean() }),
    }),
  );
  expect(made).toEqual({
    ops: {
      it: {
        config: {
          title: "",
          size: 3,
          mode: "fast",
          kind: "table",
          tags: [],
          target: { path: "" },
          retries: 2,
          nested: { on: false },
        },
      },
    },
  });
  expect(issues).toEqual([]);
});

test("a scaffold shows defaults where nothing is required, and is empty where there are none", () => {
  expect(scaffold(z.object({ retries: z.number().default(2) })).made).toEqual({
    ops: { it: { config: { retries: 2 } } },
  });
  expect(scaffold(z.object({ note: z.string().optional() })).made).toEqual({});
});

test("a schema that refers to itself has an end", () => {
  const tree = {
    type: "object",
    properties: { root: { $ref: "#/$defs/node" } },
    required: ["root"],
    $defs: { node: { type: "object", properties: { child: { $ref: "#/$defs/node" } }, required: ["child"] } },
  };
  expect(JSON.stringify(scaffoldRunConfig(tree)).length).toBeLessThan(500);
});
