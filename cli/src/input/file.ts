import { readFileSync, statSync } from "node:fs";
import { InvalidInput, NotFound } from "@dagster-operator/engine";

/** @throws NotFound · InvalidInput it is a folder, or may not be read */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw fileError(path, error);
  }
}

/** @throws NotFound */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw fileError(path, error);
  }
}

function fileError(path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") return new NotFound("File", path);
  if (code === "EISDIR") return new InvalidInput(`${path} is a folder; a file is expected here`);
  if (code === "EACCES") return new InvalidInput(`${path} may not be read: check its permissions`);
  return error instanceof Error ? error : new Error(String(error));
}
