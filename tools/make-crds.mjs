// Writes crds/*.yaml, and the copy that Helm installs, from the zod schemas in engine/src/resources; with --check it only says
// which are stale.
//   npm run crds [-- --check]
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { customResourceDefinition, KINDS } from "@dagster-operator/engine/resources";
import { stringify } from "yaml";

const root = new URL("..", import.meta.url).pathname;
const check = process.argv.includes("--check");
const stale = ["crds", "charts/dagster/crds"].flatMap((folder) =>
  KINDS.flatMap((kind) => {
    const file = join(folder, `${kind.plural}.yaml`);
    const text = `# Made by tools/make-crds.mjs (npm run crds); do not edit.\n${stringify(customResourceDefinition(kind), { lineWidth: 0, aliasDuplicateObjects: false })}`;
    if (check) return text === read(join(root, file)) ? [] : [file];
    writeFileSync(join(root, file), text);
    return [];
  }),
);
for (const file of stale) console.error(`${file} is stale: run \`npm run crds\` and commit it`);
process.exitCode = stale.length > 0 ? 1 : 0;

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}
