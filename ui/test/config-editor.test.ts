import { describe, expect, test } from "@jest/globals";
import { explain, suggest } from "../src/config-editor/complete.ts";
import type { JsonSchema } from "../src/config-editor/json-schema.ts";
import { validate } from "../src/config-editor/validate.ts";
import { lintYaml, spotAt } from "../src/config-editor/yaml-document.ts";

const schema: JsonSchema = {
  type: "object",
  additionalProperties: false,
  required: ["ops"],
  $defs: { limit: { type: "integer", minimum: 1, description: "Rows at most" } },
  properties: {
    ops: {
      type: "object",
      additionalProperties: false,
      required: ["read"],
      properties: {
        read: {
          type: "object",
          additionalProperties: false,
          required: ["config"],
          properties: {
            config: {
              type: "object",
              additionalProperties: false,
              required: ["file", "limit"],
              properties: {
                file: { type: "string", minLength: 1, description: "CSV to read" },
                limit: { $ref: "#/$defs/limit" },
                mode: { enum: ["fast", "safe"], default: "safe" },
                dry: { anyOf: [{ type: "boolean" }, { type: "null" }] },
                columns: {
                  type: "array",
                  items: {
                    type: "object",
                    properties: { name: { type: "string" }, keep: { type: "boolean" } },
                    additionalProperties: false,
                  },
                },
              },
            },
          },
        },
      },
    },
    execution: { type: "object", description: "How the steps run" },
  },
};

describe("validation against a JSON Schema", () => {
  const faults = (value: unknown) => validate(value, schema).map((f) => `${f.path.join(".")}: ${f.message}`);
  test.each([
    [{ ops: { read: { config: { file: "a.csv", limit: 3 } } } }, []],
    [{}, [': "ops" is missing.']],
    [{ ops: { read: { config: { file: "a", limit: 0 } } } }, ["ops.read.config.limit: must be at least 1"]],
    [
      { ops: { read: { config: { file: "a", limit: "many" } } } },
      ['ops.read.config.limit: must be an integer, not "many"'],
    ],
    [
      { ops: { read: { config: { file: "a", limit: 1, moed: "fast" } } } },
      ['ops.read.config.moed: There is no "moed" here. Known: file, limit, mode, dry, columns.'],
    ],
    [{ ops: { raed: {} } }, ['ops: "read" is missing.', 'ops.raed: There is no "raed" here. Known: read.']],
    [
      { ops: { read: { config: { file: "a", limit: 1, mode: "slow" } } } },
      ['ops.read.config.mode: must be one of "fast", "safe"'],
    ],
    [
      { ops: { read: { config: { file: "a", limit: 1, dry: 3 } } } },
      ["ops.read.config.dry: must be boolean | null, not 3"],
    ],
    [
      { ops: { read: { config: { file: "a", limit: 1, columns: [{ name: 4 }] } } } },
      ["ops.read.config.columns.0.name: must be a string, not 4"],
    ],
  ])("%j", (value, expected) => {
    expect(faults(value)).toEqual(expected);
  });
});

describe("marks in the text", () => {
  const marked = (text: string) => lintYaml(text, schema).map((m) => [text.slice(m.from, m.to), m.message]);
  test("a wrong value is marked itself, an unknown key at the key", () => {
    const text = "ops:\n  read:\n    config:\n      file: a.csv\n      limit: lots\n      extra: 1\n";
    expect(marked(text)).toEqual([
      ["lots", 'must be an integer, not "lots"'],
      ["extra", expect.stringContaining('There is no "extra" here.')],
    ]);
  });
  test("what is missing is marked at its parent's key", () => {
    expect(marked("ops:\n  read:\n    config:\n      file: x\n")).toEqual([
      ["config", '"limit" is missing.'],
    ]);
  });
  test("a syntax error is marked, and nothing else", () => {
    const markers = lintYaml("ops: [1, 2\n", schema);
    expect(markers.length).toBeGreaterThan(0);
    expect(markers.every((m) => !m.message.includes("missing."))).toBe(true);
  });
  test("an empty text is an empty config", () => {
    expect(marked("")).toEqual([["", '"ops" is missing.']]);
  });
});

describe("completion", () => {
  /** The text with | for the cursor. */
  const at = (marked: string) => suggest(marked.replace("|", ""), marked.indexOf("|"), schema);
  test("offers the keys that are not there yet, required ones first", () => {
    expect(
      at("ops:\n  read:\n    config:\n      mode: fast\n      |").items.map((i) => [i.label, i.required]),
    ).toEqual([
      ["file", true],
      ["limit", true],
      ["dry", false],
      ["columns", false],
    ]);
  });
  test("offers values of an enum and of a boolean", () => {
    expect(at("ops:\n  read:\n    config:\n      mode: |").items.map((i) => i.label)).toEqual([
      "fast",
      "safe",
    ]);
    expect(at("ops:\n  read:\n    config:\n      dry: t|").items.map((i) => i.label)).toEqual([
      "true",
      "false",
    ]);
  });
  test("knows where it is within a list", () => {
    const text =
      "ops:\n  read:\n    config:\n      columns:\n        - name: a\n        - name: b\n          ";
    const spot = spotAt(text, text.length);
    expect(spot.path).toEqual(["ops", "read", "config", "columns", 1]);
    expect(
      at("ops:\n  read:\n    config:\n      columns:\n        - name: a\n          |").items.map(
        (i) => i.label,
      ),
    ).toEqual(["keep"]);
  });
  test("a nested object is inserted with its colon, a scalar ready for its value", () => {
    expect(at("|").items.map((i) => i.insert)).toEqual(["ops:", "execution:"]);
  });
  test("explains the key under the cursor", () => {
    const text = "ops:\n  read:\n    config:\n      limit: 5\n";
    expect(explain(text, text.indexOf("limit") + 2, schema)).toEqual({
      name: "limit",
      type: "integer",
      doc: "Rows at most",
      fallback: null,
    });
  });
});
