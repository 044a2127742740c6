/** What is to be forgotten now. Pure. */
import type { EndedRuns } from "../ports/retention.ts";
import type { RetentionSettings, RunEnd } from "./settings.ts";

const DAY_MS = 86_400_000;

/** The end of what is kept for so many days (ms since the epoch); null = all is kept. */
export const cutoff = (days: number | null, now: number): number | null =>
  days === null ? null : now - days * DAY_MS;

/** Runs to forget: those of each tag that no earlier one has, then the others by how they ended. */
export function expiredRuns({ runs, runsWithTag }: RetentionSettings, now: number): EndedRuns[] {
  const ends = Object.keys(runs) as RunEnd[];
  const rules: EndedRuns[] = [];
  for (const [index, { key, value, days }] of runsWithTag.entries()) {
    const before = cutoff(days, now);
    const tag = { key, ...(value === undefined ? {} : { value }) };
    if (before !== null)
      rules.push({ statuses: ends, before, tag, without: tagsOf(runsWithTag.slice(0, index)) });
  }
  for (const status of ends) {
    const before = cutoff(runs[status], now);
    if (before !== null) rules.push({ statuses: [status], before, without: tagsOf(runsWithTag) });
  }
  return rules;
}

const tagsOf = (rules: RetentionSettings["runsWithTag"]) =>
  rules.map(({ key, value }) => ({ key, ...(value === undefined ? {} : { value }) }));
