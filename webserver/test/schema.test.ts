import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import {
  buildSchema,
  concatAST,
  type DocumentNode,
  type GraphQLSchema,
  isInputType,
  isObjectType,
  lexicographicSortSchema,
  parse,
  printSchema,
  validate,
} from "graphql";
import { printedSchema, schema } from "../src/index.ts";
import { EXTENSIONS } from "./extensions.ts";
import { dagsterSchema, pythonClient } from "./python-client.ts";

const file = (path: string) => new URL(path, import.meta.url);

test("the committed schema.graphql is what the code says", () => {
  // Stale? Run: npm run schema -w webserver
  const committed = buildSchema(readFileSync(file("../schema.graphql"), "utf8"));
  expect(printSchema(lexicographicSortSchema(committed))).toBe(printedSchema().trimEnd());
});

describe("operations of others", () => {
  test("every operation of the page is valid against the schema", () => {
    const folder = file("../../ui/src/graphql/");
    const documents = readdirSync(folder)
      .filter((name) => name.endsWith(".graphql"))
      .map((name) => parse(readFileSync(new URL(name, folder), "utf8")));
    const document: DocumentNode = concatAST(documents);
    expect(documents.length).toBeGreaterThan(0);
    expect(validate(schema, document).map((error) => error.message)).toEqual([]);
  });

  test("every operation that the official Python client sends is valid against the schema", () => {
    const client = pythonClient();
    if (!client) return;
    const documents = client.queries().map((query) => parse(query));
    expect(documents.length).toBeGreaterThanOrEqual(7);
    for (const document of documents)
      expect(validate(schema, document).map((error) => error.message)).toEqual([]);
  });
});

/** What differs from Dagster's schema so that one of its clients would notice, or that it does not have. */
function differences(ours: GraphQLSchema, theirs: GraphQLSchema): string[] {
  const found: string[] = [];
  for (const type of Object.values(ours.getTypeMap())) {
    if (type.name.startsWith("__")) continue;
    const other = theirs.getType(type.name);
    if (!other) {
      found.push(type.name);
      continue;
    }
    if (type.constructor !== other.constructor) found.push(`${type.name} is of another kind`);
    if ("getInterfaces" in type && "getInterfaces" in other) {
      const names = new Set(other.getInterfaces().map(({ name }) => name));
      for (const { name } of type.getInterfaces())
        if (!names.has(name)) found.push(`${type.name} implements ${name}`);
    }
    if ("getTypes" in type && "getTypes" in other) {
      const names = new Set(other.getTypes().map(({ name }) => name));
      for (const { name } of type.getTypes())
        if (!names.has(name)) found.push(`${type.name} has member ${name}`);
    }
    if ("getValues" in type && "getValues" in other) {
      const names = new Set(other.getValues().map(({ name }) => name));
      for (const { name } of type.getValues())
        if (!names.has(name)) found.push(`${type.name} has value ${name}`);
    }
    if (!("getFields" in type) || !("getFields" in other)) continue;
    for (const field of Object.values(type.getFields())) {
      const same = other.getFields()[field.name];
      const name = `${type.name}.${field.name}`;
      if (!same) {
        found.push(name);
        continue;
      }
      // An answer may promise more (`Int!` for `Int`), an input must ask for the same.
      const [mine, dagsters] = [String(field.type), String(same.type)];
      const input = isInputType(field.type) && !isObjectType(type) && !("getInterfaces" in type);
      const fits = input
        ? mine === dagsters
        : mine.replaceAll("!", "") === dagsters.replaceAll("!", "") && promisesAll(mine, dagsters);
      if (!fits) found.push(`${name}: ${mine} is not ${dagsters}`);
      if (!("args" in field) || !("args" in same)) continue;
      const args = new Map(same.args.map((arg) => [arg.name, String(arg.type)]));
      for (const arg of field.args)
        if (args.get(arg.name) !== String(arg.type))
          found.push(`${name}(${arg.name}: ${arg.type}) is not ${args.get(arg.name)}`);
      for (const arg of same.args)
        if (!field.args.some((own: { name: string }) => own.name === arg.name))
          found.push(`${name} lacks ${arg.name}`);
    }
  }
  return found.sort();
}
/** `[T!]!` promises all that `[T]!` does. */
function promisesAll(mine: string, dagsters: string): boolean {
  let at = 0;
  for (const letter of dagsters) {
    if (letter !== "!" && mine[at] === "!") at++;
    if (mine[at] !== letter) return false;
    at++;
  }
  return true;
}

test("whatever Dagster's schema has too is the same here, and the rest is on the list of extensions", async () => {
  const theirs = dagsterSchema();
  if (!theirs) return;
  expect(differences(schema, buildSchema(theirs))).toEqual([...EXTENSIONS].sort());
});
