import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Folder of the built page, or null in a checkout where it is not built yet. */
export function builtPage(): string | null {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve("@dagster-operator/ui/package.json")),
    "dist",
  );
  return existsSync(join(folder, "index.html")) ? folder : null;
}
