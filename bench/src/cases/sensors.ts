/** Sensors with a minimum interval of five seconds that find nothing, on a Postgres whose commits are on disk: how often they come. */
import { setTimeout as sleep } from "node:timers/promises";
import { besideDagster, dagsterIs } from "../beside-dagster.ts";
import { startDaemonWith } from "../daemon.ts";
import { dagsterOn } from "../dagster-daemon.ts";
import { type Line, quantile } from "../line.ts";
import { onDatabase } from "../postgres.ts";
import { cpuOf, fixture, until } from "../system.ts";

const OURS = 1000;
/** What the issue measured the peer with. */
const BEARABLE = 100;
const MEASURED_MS = { ours: 30_000, peer: 60_000 };
/** Ticks as (name of the sensor, second at which it began). */
const OUR_TICKS = "select name, started_at / 1000 as at from tick where kind = 'SENSOR'";
const THEIR_TICKS = "select selector_id as name, extract(epoch from timestamp)::float8 as at from job_ticks";

interface Pace {
  /** Seconds from one tick of a sensor to its next. */
  intervals: number[];
  /** Share of one core that the daemon and its code server had, in percent. */
  cpu: number;
}

/** What happens in `forMs` once every sensor has had its first tick. */
async function pace(
  url: string,
  ticks: string,
  { sensors, pids, forMs }: { sensors: number; pids: number[]; forMs: number },
): Promise<Pace> {
  return onDatabase(url, async (client) => {
    const seen = async () =>
      (await client.query<{ n: number }>(`select count(distinct name)::integer as n from (${ticks}) t`))
        .rows[0]?.n;
    await until(async () => (await seen()) === sensors, { everyMs: 500 });
    const cpu = () => pids.map(cpuOf).reduce((sum, seconds) => sum + seconds, 0);
    const [from, before] = [Date.now() / 1000, cpu()];
    await sleep(forMs);
    const used = (cpu() - before) / (Date.now() / 1000 - from);
    // An interval counts by its end, or the longest ones would be left out.
    const { rows } = await client.query<{ interval: number }>(
      `select at - before as interval from (
         select at, lag(at) over (partition by name order by at) as before from (${ticks}) t) i
       where before is not null and at > $1`,
      [from],
    );
    return { intervals: rows.map(({ interval }) => interval), cpu: used * 100 };
  });
}

async function ours(url: string, sensors: number): Promise<Pace> {
  const env = { SENSORS: String(sensors) };
  const daemon = await startDaemonWith(url, fixture("ticking.ts"), env);
  try {
    return await pace(url, OUR_TICKS, { sensors, pids: daemon.pids, forMs: MEASURED_MS.ours });
  } finally {
    await daemon.stop();
  }
}

async function dagster(url: string, sensors: number): Promise<Pace> {
  const daemon = dagsterOn(url).start({ SENSORS: String(sensors) });
  try {
    return await pace(url, THEIR_TICKS, { sensors, pids: [daemon.pid], forMs: MEASURED_MS.peer });
  } finally {
    await daemon.stop();
  }
}

export async function run(): Promise<Line[]> {
  const { many, same, peer } = await besideDagster({ many: OURS, bearable: BEARABLE }, { ours, dagster });
  const interval = ({ intervals }: Pace, q: number) => quantile(intervals, q);
  const [thousand, fewer] = [OURS, BEARABLE].map(
    (count) => `${count.toLocaleString("en-US")} sensors every 5 s`,
  );
  return [
    { name: `${thousand}: interval p50`, ours: interval(many, 0.5), unit: "s" },
    { name: `${thousand}: interval p99`, ours: interval(many, 0.99), goal: "≤ 6 s", unit: "s" },
    { name: `${thousand}: processor time of daemon and code server`, ours: many.cpu, unit: "% of a core" },
    {
      name: `${fewer}: interval p50`,
      ours: interval(same, 0.5),
      peer: dagsterIs(interval(peer, 0.5)),
      unit: "s",
    },
    {
      name: `${fewer}: interval p99`,
      ours: interval(same, 0.99),
      peer: dagsterIs(interval(peer, 0.99)),
      unit: "s",
    },
    {
      name: `${fewer}: processor time of daemon and code server`,
      ours: same.cpu,
      peer: dagsterIs(peer.cpu),
      unit: "% of a core",
    },
  ];
}
