/** Which lines of a stack are the user's. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of a package of ours, whether its sources, its build or a bundle runs: the file lies below its `src` or `dist`. */
function packageRoot(fileUrl: string): string {
  const path = fileURLToPath(fileUrl);
  return /^.*\/(?=(?:src|dist)\/)/.exec(path)?.[0] ?? `${dirname(dirname(path))}/`;
}

const userFiles = new Set<string>();
const roots = new Set([packageRoot(import.meta.url)]);

/** Counts the package of ours that this file belongs to. */
export function addFrameworkPackage(fileUrl: string): void {
  roots.add(packageRoot(fileUrl));
}

/** What a person names as their definitions is theirs, wherever it lies. */
export function addUserFile(path: string): void {
  userFiles.add(path);
}

export function isFrameworkFile(path: string): boolean {
  if (userFiles.has(path)) return false;
  for (const root of roots) {
    if (path.startsWith(`${root}src/`) || path.startsWith(`${root}dist/`)) return true;
  }
  return false;
}

/** Path, line and column of a stack line such as `    at f (file:///a/b.ts:1:2)`, or null. */
export function frameLocation(line: string): { path: string; line: number; column: number } | null {
  const match = /^\s*at (?:.*\()?(?:async )?(file:\/\/[^)]+?|\/[^)]+?):(\d+):(\d+)\)?$/.exec(line);
  if (!match?.[1]) return null;
  const path = match[1].startsWith("file:") ? fileURLToPath(match[1]) : match[1];
  return { path, line: Number(match[2]), column: Number(match[3]) };
}

/** False for frames of Node itself, of this framework, and of packages below `node_modules` that only pass a call through. */
export function isUserFrame(line: string): boolean {
  if (/\(?node:/.test(line)) return false;
  const at = frameLocation(line);
  return at === null || !isFrameworkFile(at.path);
}
