// Writes crds/*.yaml from the zod schemas in engine/src/resources; with --check it only says which are stale.
//   npm run crds [-- --check]
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { customResourceDefinition, KINDS } from "@dagster-operator/engine/resources";
import { stringify } from "yaml";

const folder = new URL("../crds", import.meta.url).pathname;
const check = process.argv.includes("--check");
const stale = KINDS.filter((kind) => {
  const file = join(folder, `${kind.plural}.yaml`);
  const text = `# Made by tools/make-crds.mjs (npm run crds); do not edit.\n${stringify(customResourceDefinition(kind), { lineWidth: 0, aliasDuplicateObjects: false })}`;
  if (check) return text !== read(file);
  writeFileSync(file, text);
  return false;
});
for (const { plural } of stale)
  console.error(`crds/${plural}.yaml is stale: run \`npm run crds\` and commit it`);
process.exitCode = stale.length > 0 ? 1 : 0;

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}
