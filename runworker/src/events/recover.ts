/** What an earlier worker of this run could not send: read from the spool and sent before anything new. */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Control, PostEventsReply } from "@dagster-operator/engine";

const MAX_EVENTS = 500;

/** Spool file of a producer in the folder of its run. */
export function spoolFile(spool: string, runId: string, producer: string): string {
  return join(spool, encodeURIComponent(runId), `${encodeURIComponent(producer)}.ndjson`);
}

/**
 * Sends every spool file of the run, oldest attempt first, each under the producer that wrote it, and removes it.
 * Sequence numbers make that idempotent: what the API has already is not stored twice. null when there was nothing.
 */
export async function recoverSpool(
  spool: string,
  runId: string,
  post: (producer: string, lines: string[]) => Promise<PostEventsReply>,
): Promise<Control | null> {
  const folder = join(spool, encodeURIComponent(runId));
  if (!existsSync(folder)) return null;
  let control: Control | null = null;
  const names = readdirSync(folder).filter((name) => name.endsWith(".ndjson"));
  for (const name of names.sort((a, b) => a.localeCompare(b, "en", { numeric: true }))) {
    const path = join(folder, name);
    const lines = wholeLines(readFileSync(path, "utf8"));
    const producer = decodeURIComponent(name.slice(0, -".ndjson".length));
    for (let at = 0; at < lines.length; at += MAX_EVENTS)
      control = await post(producer, lines.slice(at, at + MAX_EVENTS));
    rmSync(path);
  }
  // What is left are bytes of output that a dead worker had not sent: nobody knows any more where they belong.
  rmSync(folder, { recursive: true, force: true });
  return control;
}

/** A worker killed in the middle of a write leaves a torn last line: it was never durable, so nobody counted on it. */
function wholeLines(text: string): string[] {
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter(Boolean);
}

/** Removes the folder of a run that left nothing in it. */
export function tidySpool(spool: string, runId: string): void {
  const folder = join(spool, encodeURIComponent(runId));
  for (const path of [join(folder, "logs"), folder]) {
    if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
  }
}
