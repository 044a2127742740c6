/**
 * Writes `src/graphql/generated/operations.ts` from the `.graphql` documents and `webserver/schema.graphql`: for each
 * operation its text (with the fragments it uses), its result and variable types. `--check` compares instead of writing.
 * Run by `npm run generate -w ui`.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSchema } from "graphql";
import { generate } from "./generate.ts";

const root = join(import.meta.dirname, "..");
const schemaFile = process.env.DAGSTER_OPERATOR_SCHEMA ?? join(root, "../webserver/schema.graphql");
const documents = join(root, "src/graphql");
const target = join(documents, "generated/operations.ts");

const texts = readdirSync(documents)
  .filter((name) => name.endsWith(".graphql"))
  .sort()
  .map((name) => readFileSync(join(documents, name), "utf8"));
const output = generate(buildSchema(readFileSync(schemaFile, "utf8")), texts.join("\n"));

if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== output) {
    console.error(`${target} is stale: run "npm run generate -w ui" and commit the result.`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(target, output);
}
