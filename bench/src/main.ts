/**
 * `make bench` runs every file of src/cases/ in turn, `make bench B=name` one of them. A case measures us and the peer in
 * the same run and gives back lines; they are printed, and bench/RESULTS.md is written anew (kept lines of other cases).
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import type { Line } from "./line.ts";
import { format } from "./line.ts";

const cases = readdirSync(new URL("cases/", import.meta.url))
  .filter((name) => name.endsWith(".ts"))
  .map((name) => name.slice(0, -3))
  .sort();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !cases.includes(name));
if (unknown.length > 0) {
  console.error(`no bench named ${unknown.join(", ")}; there are: ${cases.join(", ")}`);
  process.exit(2);
}

const path = new URL("../RESULTS.md", import.meta.url);
const before = new Map<string, string[]>();
try {
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const [, name, row] = line.match(/^\| ([\w-]+): (.*)$/) ?? [];
    if (name && row) before.set(name, [...(before.get(name) ?? []), `| ${name}: ${row}`]);
  }
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error; // the first run has no file to keep lines of
}

let measured = false;
const results = new Map(before);
for (const name of wanted.length > 0 ? wanted : cases) {
  const { run } = (await import(`./cases/${name}.ts`)) as { run: () => Promise<Line[] | null> };
  try {
    const lines = await run();
    // It said why it cannot be measured here.
    if (lines === null) continue;
    measured = true;
    for (const line of lines) console.log(format(line).join(" · "));
    results.set(
      name,
      lines.map((line) => `| ${name}: ${format(line).join(" | ")} |`),
    );
  } catch (error) {
    console.error(`${name}: not measured:`, error);
    process.exitCode = 1;
  }
}

if (!measured) process.exit();
const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;
writeFileSync(
  path,
  [
    "# Measured",
    "",
    `Written by \`make bench\`. Ours and the peer in the same run on one machine: ${machine}. The machine is noisy: read ratios, not digits.`,
    "",
    "| what | ours | peer or raw limit | ratio |",
    "| --- | --- | --- | --- |",
    ...[...results].sort(([a], [b]) => a.localeCompare(b)).flatMap(([, rows]) => rows),
    "",
  ].join("\n"),
);
