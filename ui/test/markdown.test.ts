import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { imageUrl } from "../src/metadata/image.ts";
import { isSafeUrl, parseInline, parseMarkdown } from "../src/metadata/markdown.ts";

test("blocks", () => {
  const kinds = parseMarkdown(
    "# Title\n\nText **bold** `x`\n\n- one\n- two\n  - inner\n\n1. a\n\n```\ncode <b>\n```\n\n> quote\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n",
  ).map((b) => b.kind);
  expect(kinds).toEqual(["heading", "paragraph", "list", "list", "code", "quote", "table", "rule"]);
});

test("HTML stays text and a link that runs code is not a link", () => {
  expect(parseMarkdown("<script>alert(1)</script>")).toEqual([
    { kind: "paragraph", children: [{ kind: "text", text: "<script>alert(1)</script>" }] },
  ]);
  expect(parseInline("[x](javascript:alert(1))")[0]).toMatchObject({ kind: "text" });
  expect(
    ["javascript:alert(1)", "java\nscript:x", " data:text/html,x", "vbscript:x", "//evil.example"].map(
      isSafeUrl,
    ),
  ).toEqual([false, false, false, false, false]);
  expect(["https://a.b", "mailto:a@b", "/runs/1", "#x"].map(isSafeUrl)).toEqual([true, true, true, true]);
});

test("any text is parsed, ends, and loses no letters of plain words", () => {
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => Array.isArray(parseMarkdown(text))));
  expect(JSON.stringify(parseMarkdown("snake_case_name and 2*3*4"))).toContain("snake_case_name");
});

test("a picture is a data URL of a known kind, and nothing else", () => {
  expect(imageUrl("image/png", "AAAA")).toBe("data:image/png;base64,AAAA");
  expect(imageUrl("image/svg+xml", "<svg/>")).toBe("data:image/svg+xml;charset=utf-8,%3Csvg%2F%3E");
  expect(imageUrl("text/html", "<script>")).toBeNull();
});
