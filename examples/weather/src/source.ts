import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** A data file that the npm package vega-datasets ships. */
export const dataset = (name: string) =>
  fileURLToPath(new URL(`../data/${name}`, import.meta.resolve("vega-datasets")));

/** Rows of a CSV file with a header and no quoted commas, which is what the weather tables are. */
export async function readCsv(path: string): Promise<Record<string, string>[]> {
  const [header = "", ...lines] = (await readFile(path, "utf8")).trim().split(/\r?\n/);
  const names = header.split(",");
  return lines.map((line) =>
    Object.fromEntries(line.split(",").map((cell, i) => [names[i] ?? `column_${i}`, cell])),
  );
}

export const mean = (values: readonly number[]) =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
