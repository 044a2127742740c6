/** What a running local system says of itself in its storage folder, so that other commands find it without flags. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { alive } from "./folder.ts";

export const DEFAULT_FOLDER = ".dagster-operator";
const FILE = "instance.json";

const Facts = z.object({
  url: z.string(),
  pid: z.number().int(),
  /** Start of the process as the system counts it; null where it does not say. */
  started: z.string().nullable(),
  /** Folder or postgres:// address without its password. */
  storage: z.string(),
  version: z.string(),
});
export type InstanceFacts = z.infer<typeof Facts>;

export function writeFacts(folder: string, facts: InstanceFacts): void {
  const draft = join(folder, `${FILE}.${process.pid}`);
  writeFileSync(draft, `${JSON.stringify(facts, null, 2)}\n`);
  renameSync(draft, join(folder, FILE));
}

export function removeFacts(folder: string): void {
  rmSync(join(folder, FILE), { force: true });
}

/** Facts of a system that still runs on this folder, or null. */
export function readFacts(folder: string): InstanceFacts | null {
  const path = join(folder, FILE);
  if (!existsSync(path)) return null;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // Not ours, or removed while we looked: as good as none.
    return null;
  }
  const facts = Facts.safeParse(value);
  return facts.success && alive(facts.data) ? facts.data : null;
}

/** The running system of this folder or the nearest one above it. */
export function findRunning(from: string): InstanceFacts | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const facts = readFacts(join(folder, DEFAULT_FOLDER));
    if (facts) return facts;
    if (dirname(folder) === folder) return null;
  }
}
