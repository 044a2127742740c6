import { describe, expect, test } from "@jest/globals";
import { parseSelection, resolveSelection, SelectionError } from "../src/selection/index.ts";
import { asset } from "./snapshot-builder.ts";

const assets = [
  asset("source", [], { kind: "external", node: null, group: "outside" }),
  asset("raw/orders", ["source"], { group: "raw", kinds: ["duckdb"], owners: ["team:data"] }),
  asset("raw/users", [], { group: "raw", tags: { tier: "gold", "dagster/x": "1" } }),
  asset("clean", ["raw/orders", "~raw/users"], {
    group: "mart",
    tags: { tier: "silver" },
    owners: ["ann@example.com"],
  }),
  asset("revenue", ["clean"], { group: "mart" }),
  asset("report", ["revenue"], { group: "mart_2" }),
  asset("alone"),
];
const select = (text: string | string[], external?: boolean) =>
  resolveSelection(assets, text, { external }).map((key) => key.join("/"));
const failure = (text: string) => {
  try {
    select(text);
  } catch (error) {
    if (error instanceof SelectionError) return error.message;
    throw error;
  }
  return "";
};

describe("keys and traversal", () => {
  test.each([
    ["clean", ["clean"]],
    ['"raw/orders"', ["raw/orders"]],
    ["raw/orders", ["raw/orders"]],
    ["key:raw/orders", ["raw/orders"]],
    ['key:"raw/*"', ["raw/orders", "raw/users"]],
    ["key:re*", ["revenue", "report"]],
    ["raw/*", ["raw/orders", "raw/users"]],
    ["clean+", ["clean", "revenue", "report"]],
    ["clean+1", ["clean", "revenue"]],
    ["+clean", ["raw/orders", "raw/users", "clean"]],
    ["1+revenue", ["clean", "revenue"]],
    ["1+clean+1", ["raw/orders", "raw/users", "clean", "revenue"]],
    ["+revenue+", ["raw/orders", "raw/users", "clean", "revenue", "report"]],
    ["++revenue", ["raw/orders", "raw/users", "clean", "revenue"]],
    ["*revenue", ["raw/orders", "raw/users", "clean", "revenue"]],
    ["clean*", ["clean", "revenue", "report"]],
    ["*clean*", ["raw/orders", "raw/users", "clean", "revenue", "report"]],
    ["*", ["raw/orders", "raw/users", "clean", "revenue", "report", "alone"]],
    ["(clean or alone)+", ["clean", "revenue", "report", "alone"]],
    ["source", ["source"]],
  ])("%s", (text, expected) => expect(select(text)).toEqual(expected));
});

describe("attributes, functions and logic", () => {
  test.each([
    ["group:raw", ["raw/orders", "raw/users"]],
    ["group:mart*", ["clean", "revenue", "report"]],
    ["tag:tier", ["raw/users", "clean"]],
    ["tag:tier=gold", ["raw/users"]],
    ['tag:"dagster/x"="1"', ["raw/users"]],
    ["kind:duckdb", ["raw/orders"]],
    ["owner:team:data", ["raw/orders"]],
    ["owner:ann@example.com", ["clean"]],
    ["owner:<null> and group:raw", ["raw/users"]],
    ["sinks(group:mart)", ["revenue"]],
    ["roots(*)", ["raw/orders", "raw/users", "alone"]],
    ["not group:raw and not alone", ["clean", "revenue", "report"]],
    ["group:mart or alone and tag:none", ["clean", "revenue"]],
    ["(group:mart OR alone) AND NOT clean", ["revenue", "alone"]],
    ["group:nothing", []],
    ['key:"zzz*"', []],
  ])("%s", (text, expected) => expect(select(text)).toEqual(expected));

  test("a code location is matched where assets have one", () => {
    const located = assets.map((one, i) => ({ ...one, location: i < 3 ? "left" : "right" }));
    expect(resolveSelection(located, "code_location:left and group:raw")).toHaveLength(2);
  });
});

describe("the older list form", () => {
  test.each([
    ["clean, alone", ["clean", "alone"]],
    ["clean alone", ["clean", "alone"]],
    ["raw/users,clean+", ["raw/users", "clean", "revenue", "report"]],
    ["clean+ alone", ["clean", "revenue", "report", "alone"]],
    ["alone +clean", ["raw/orders", "raw/users", "clean", "alone"]],
  ])("%s", (text, expected) => expect(select(text)).toEqual(expected));

  test("an array is the union of its parts", () => {
    expect(select(["alone", "group:raw"])).toEqual(["raw/orders", "raw/users", "alone"]);
  });
});

test("external assets are left out unless they are named or asked for", () => {
  expect(select("+clean", true)).toEqual(["source", "raw/orders", "raw/users", "clean"]);
  expect(select("group:outside")).toEqual([]);
  expect(select("source+1")).toEqual(["source", "raw/orders"]);
});

describe("mistakes", () => {
  test("an unknown key is shown in its place with the nearest names", () => {
    expect(failure("+revenue and orders")).toBe(
      "asset selection, character 14: there is no asset orders — did you mean raw/orders?\n  +revenue and orders\n               ^",
    );
    expect(failure("clena")).toMatch(/did you mean clean\?/);
  });

  test.each([
    ["", "it is empty"],
    ["clean and", "character 10: it ends where an asset is expected"],
    ["and clean", "character 1: there is nothing to select before and"],
    ["(clean", "character 7: expected ) for the ( at character 1"],
    ["clean)", 'character 6: expected an asset, not ")"'],
    ["group:", "character 7: expected a value"],
    ["colour:red", "character 1: there is no colour:, only key: tag:"],
    ["status:healthy", "is not known from definitions"],
    ['key:"raw', "character 5: the quote is not closed"],
    ["sinks(", "character 7: it ends where an asset is expected"],
    ["clean,,alone", 'expected an asset, not ","'],
    ["+", "it ends where an asset is expected"],
  ])("%s", (text, message) => expect(failure(text)).toContain(message));
});

test("the tree binds not before and before or", () => {
  expect(parseSelection("a or not b and c")).toEqual({
    kind: "or",
    left: { kind: "key", pattern: "a", at: 0 },
    right: {
      kind: "and",
      left: { kind: "not", of: { kind: "key", pattern: "b", at: 9 } },
      right: { kind: "key", pattern: "c", at: 15 },
    },
  });
});
