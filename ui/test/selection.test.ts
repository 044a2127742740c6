import { describe, expect, test } from "@jest/globals";
import { type Selectable, SelectionError, select } from "../src/selection/selection.ts";

const edges: [string, string][] = [
  ["raw/a", "clean/b"],
  ["clean/b", "mart/c"],
  ["mart/c", "mart/d"],
  ["raw/x", "mart/c"],
];
const ids = ["raw/a", "raw/x", "clean/b", "mart/c", "mart/d", "alone"];
const assets = new Map<string, Selectable>(
  ids.map((id) => [
    id,
    {
      id,
      group: id.split("/")[0] ?? "",
      kinds: id.startsWith("mart") ? ["duckdb", "sql"] : ["csv"],
      owners: id === "alone" ? ["team:data"] : ["ann@example.org"],
      tags: [{ key: "tier", value: id.startsWith("raw") ? "1" : "2" }],
      location: "main",
      upstream: edges.filter(([, to]) => to === id).map(([from]) => from),
      downstream: edges.filter(([from]) => from === id).map(([, to]) => to),
    },
  ]),
);
const picked = (text: string) => [...select(text, assets)].sort();

describe("the selection syntax", () => {
  test.each([
    ["", [...ids].sort()],
    ["*", [...ids].sort()],
    ["clean/b", ["clean/b"]],
    ['key:"mart/*"', ["mart/c", "mart/d"]],
    ["key:mart/*", ["mart/c", "mart/d"]],
    ["+clean/b", ["clean/b", "raw/a"]],
    ["clean/b+", ["clean/b", "mart/c", "mart/d"]],
    ["1+mart/c", ["clean/b", "mart/c", "raw/x"]],
    ["clean/b+1", ["clean/b", "mart/c"]],
    ["*mart/d", ["clean/b", "mart/c", "mart/d", "raw/a", "raw/x"]],
    ["clean/b*", ["clean/b", "mart/c", "mart/d"]],
    ["group:raw", ["raw/a", "raw/x"]],
    ["kind:sql and not mart/d", ["mart/c"]],
    ["group:raw or group:clean", ["clean/b", "raw/a", "raw/x"]],
    ["tag:tier=1", ["raw/a", "raw/x"]],
    ["owner:ann@example.org and group:mart", ["mart/c", "mart/d"]],
    ['owner:"team:data"', ["alone"]],
    ["(group:raw or group:mart) and not key:raw/x", ["mart/c", "mart/d", "raw/a"]],
    ["sinks(*)", ["alone", "mart/d"]],
    ["roots(group:mart)", ["mart/c"]],
    ["code_location:main and alone", ["alone"]],
    ["nobody", []],
  ])("%s", (text, expected) => {
    expect(picked(text)).toEqual(expected);
  });

  test.each([
    ["group:", /needs a value/],
    ["(raw/a", /bracket is not closed/],
    ["colour:red", /no attribute "colour"/],
    ["a and", /missing at the end/],
    ['key:"open', /not closed/],
    ["a )", /not expected/],
  ])("%s is refused and says where", (text, message) => {
    expect(() => picked(text)).toThrow(message);
    expect(() => picked(text)).toThrow(SelectionError);
  });
});
