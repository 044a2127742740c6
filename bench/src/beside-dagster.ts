import { onDurablePostgres } from "./postgres.ts";

/** One measurement: ours with many, ours with as much as Dagster bears, and Dagster with that. */
export interface BesideDagster<T> {
  many: T;
  same: T;
  peer: T;
}

/** Measures in turn, each on a database of its own in one Postgres whose commits are on disk. */
export function besideDagster<T>(
  count: { many: number; bearable: number },
  measure: Record<"ours" | "dagster", (url: string, count: number) => Promise<T>>,
): Promise<BesideDagster<T>> {
  return onDurablePostgres(async (database) => ({
    many: await measure.ours(await database("many"), count.many),
    same: await measure.ours(await database("same"), count.bearable),
    peer: await measure.dagster(await database("peer"), count.bearable),
  }));
}

/** A line's measure of Dagster. */
export const dagsterIs = (value: number) => ({ what: "Dagster", value });
