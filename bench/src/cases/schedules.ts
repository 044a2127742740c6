/** Schedules that are all due at one minute, on a Postgres whose commits are on disk: how late the run of each is in its queue. */
import { setTimeout as sleep } from "node:timers/promises";
import { besideDagster, dagsterIs } from "../beside-dagster.ts";
import { startDaemonWith } from "../daemon.ts";
import { dagsterOn } from "../dagster-daemon.ts";
import { type Line, quantile } from "../line.ts";
import { onDatabase } from "../postgres.ts";
import { fixture, until } from "../system.ts";

const OURS = 1000;
/** What the peer bears within two minutes. */
const BEARABLE = 300;
/** The peer on a machine that does other things at the same time. */
const LONGEST_MS = 300_000;
/** Processes are there by then on a busy machine too; a schedule first seen after the minute is not due at it (ms). */
const START_MS = { ours: 12_000, peer: 30_000 };

/** A minute that is at least `leastMs` away, and the cron by which schedules are due at it alone. */
function comingMinute(leastMs: number): { at: number; cron: string } {
  const at = Math.ceil((Date.now() + leastMs) / 60_000) * 60_000;
  const minute = new Date(at);
  return { at, cron: `${minute.getUTCMinutes()} ${minute.getUTCHours()} * * *` };
}

/** Seconds after the minute at which each run was there, once all are. `times`: a statement that gives `at` in seconds. */
async function lateness(url: string, at: number, count: number, times: string): Promise<number[]> {
  await sleep(at - Date.now());
  return onDatabase(url, async (client) => {
    const read = async () =>
      (await client.query<{ at: number }>(times)).rows.map((row) => row.at - at / 1000);
    await until(async () => (await read()).length >= count, { everyMs: 250, timeoutMs: LONGEST_MS });
    return read();
  });
}

async function ours(url: string, count: number): Promise<number[]> {
  const { at, cron } = comingMinute(START_MS.ours);
  const daemon = await startDaemonWith(url, fixture("ticking.ts"), { SCHEDULES: String(count), CRON: cron });
  try {
    return await lateness(url, at, count, "select created_at / 1000 as at from run");
  } finally {
    await daemon.stop();
  }
}

async function dagster(url: string, count: number): Promise<number[]> {
  const { at, cron } = comingMinute(START_MS.peer);
  const daemon = dagsterOn(url).start({ SCHEDULES: String(count), CRON: cron });
  try {
    // Its clock says UTC in a column without a time zone.
    const times =
      "select extract(epoch from create_timestamp)::float8 as at from runs where status <> 'NOT_STARTED'";
    return await lateness(url, at, count, times);
  } finally {
    await daemon.stop();
  }
}

export async function run(): Promise<Line[]> {
  const { many, same, peer } = await besideDagster({ many: OURS, bearable: BEARABLE }, { ours, dagster });
  const all = (values: number[]) => Math.max(...values);
  const [thousand, fewer] = [OURS, BEARABLE].map(
    (count) => `${count.toLocaleString("en-US")} schedules due at once`,
  );
  return [
    { name: `${thousand}: until all runs are queued`, ours: all(many), goal: "≤ 2 s", unit: "s" },
    { name: `${thousand}: lateness p50`, ours: quantile(many, 0.5), unit: "s" },
    { name: `${thousand}: lateness p99`, ours: quantile(many, 0.99), unit: "s" },
    { name: `${fewer}: until all runs are queued`, ours: all(same), peer: dagsterIs(all(peer)), unit: "s" },
    {
      name: `${fewer}: lateness p50`,
      ours: quantile(same, 0.5),
      peer: dagsterIs(quantile(peer, 0.5)),
      unit: "s",
    },
    {
      name: `${fewer}: lateness p99`,
      ours: quantile(same, 0.99),
      peer: dagsterIs(quantile(peer, 0.99)),
      unit: "s",
    },
  ];
}
