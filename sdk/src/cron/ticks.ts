/**
 * When a cron fires. Around changes of the clock, as Dagster does: a local time that comes twice fires at the second, one
 * that never comes fires when the clock goes on (02:30 → 03:00); a cron for every hour fires at each hour that really passes.
 */
import { timeZone, type Zone } from "../time/zone.ts";
import { type Cron, CronError, parseCron } from "./parse.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The parser finds crons that never fire; this is the bound behind it. */
const MOST_DAYS = 366 * 50;

/**
 * Ticks strictly after `after`, ascending, in milliseconds since the epoch. Endless. Of several crons, each instant once.
 * Throws CronError, or a RangeError for an unknown zone, when called.
 */
export function cronTicks(
  cron: string | readonly string[],
  timezone: string,
  after: number,
): Iterable<number> {
  return checked(cron, timezone, (one, zone) => ticks(one, zone, after, 1), 1);
}

/** Ticks strictly before `before`, descending. */
export function cronTicksBefore(
  cron: string | readonly string[],
  timezone: string,
  before: number,
): Iterable<number> {
  return checked(cron, timezone, (one, zone) => ticks(one, zone, before, -1), -1);
}

/** True for a cron that fires in every hour, such as `0 * * * *`. */
export function firesEveryHour(cron: string): boolean {
  return parseCron(cron).hours === null;
}

function checked(
  cron: string | readonly string[],
  timezone: string,
  of: (one: Cron, zone: Zone) => Iterable<number>,
  direction: 1 | -1,
): Iterable<number> {
  const zone = timeZone(timezone);
  const crons = typeof cron === "string" ? [parseCron(cron)] : cron.map(parseCron);
  const [only] = crons;
  if (only === undefined) throw new CronError("", 0, "an empty list of crons never fires");
  if (crons.length === 1) return of(only, zone);
  return merged(
    crons.map((one) => of(one, zone)),
    direction,
  );
}

function* merged(all: Iterable<number>[], direction: 1 | -1): Iterable<number> {
  const heads = all.map((ticks) => {
    const iterator = ticks[Symbol.iterator]();
    return { iterator, at: iterator.next().value as number };
  });
  for (;;) {
    const next = heads.reduce(
      (best, head) => ((head.at - best) * direction < 0 ? head.at : best),
      heads[0]?.at ?? 0,
    );
    yield next;
    for (const head of heads) if (head.at === next) head.at = head.iterator.next().value as number;
  }
}

/** Day by local day: a day's ticks do not depend on another day's. */
function* ticks(cron: Cron, zone: Zone, from: number, direction: 1 | -1): Generator<number, never> {
  const times = timesOfDay(cron);
  const onClock = readingOf(cron);
  let last = from;
  let quiet = 0;
  // One day back, as the last tick of a day may be shifted into the next.
  for (let day = floorDay(zone.toLocal(from)) - direction * DAY; ; day += direction * DAY) {
    if (!matchesDay(cron, day)) {
      if (++quiet > MOST_DAYS) throw new CronError(cron.text, 0, "it does not fire within 50 years");
      continue;
    }
    quiet = 0;
    const offset = zone.offsetAt(day - DAY);
    const steady = offset === zone.offsetAt(day + 2 * DAY);
    if (steady) {
      const start = day - offset;
      const behind = firstAfter(times, direction === 1 ? last - start : Math.ceil(last - start) - 1);
      for (let i = direction === 1 ? behind : behind - 1; i >= 0 && i < times.length; i += direction) {
        last = start + (times[i] ?? 0);
        yield last;
      }
      continue;
    }
    const instants = times.flatMap((time) => onClock(zone, day + time)).sort((a, b) => (a - b) * direction);
    for (const tick of instants) {
      if ((tick - last) * direction <= 0) continue;
      last = tick;
      yield tick;
    }
  }
}

const floorDay = (local: number) => Math.floor(local / DAY) * DAY;
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

const known = new WeakMap<Cron, number[]>();

/** Ascending. */
function timesOfDay(cron: Cron): number[] {
  let times = known.get(cron);
  if (!times) {
    times = (cron.hours ?? range(24)).flatMap((hour) =>
      (cron.minutes ?? range(60)).map((minute) => hour * HOUR + minute * MINUTE),
    );
    known.set(cron, times);
  }
  return times;
}

/** Index of the first of ascending `times` that is greater than `time`. */
function firstAfter(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How a local time that comes twice or never is read. */
function readingOf(cron: Cron): (zone: Zone, local: number) => number[] {
  const everyHour = cron.hours === null;
  const plain = isPlain(cron);
  return (zone, local) => {
    const time = zone.fromLocal(local);
    if (time.kind === "one") return [time.instant];
    if (everyHour) return time.kind === "two" ? [time.first, time.second] : [];
    // Dagster looks for changes of the clock at 1, 2 and 3 o'clock only; elsewhere it reads the clock as before the change.
    const usual = [1, 2, 3].includes(new Date(local).getUTCHours());
    if (time.kind === "two") return [usual || !plain ? time.second : time.first];
    return [usual ? time.resume : time.shifted];
  };
}

/** One time of day, with at most weekdays or one day of the month: Dagster computes these without its cron library. */
function isPlain(cron: Cron): boolean {
  if (cron.minutes?.length !== 1 || cron.hours?.length !== 1 || cron.months || cron.nth.length > 0)
    return false;
  if (!cron.days) return !cron.lastDay;
  return cron.days.length === 1 && !cron.lastDay && !cron.weekdays && (cron.days[0] ?? 0) <= 28;
}

function matchesDay(cron: Cron, local: number): boolean {
  const date = new Date(local);
  if (cron.months && !cron.months.includes(date.getUTCMonth() + 1)) return false;
  const onDay =
    cron.days === null ? null : cron.days.includes(date.getUTCDate()) || (cron.lastDay && isLastDay(local));
  const onWeekday = cron.weekdays === null ? null : matchesWeekday(cron, date);
  // Both given: either will do.
  if (onDay === null) return onWeekday ?? true;
  return onWeekday === null ? onDay : onDay || onWeekday;
}

function matchesWeekday(cron: Cron, date: Date): boolean {
  const weekday = date.getUTCDay();
  if (cron.nth.length === 0) return cron.weekdays?.includes(weekday) ?? true;
  const nth = Math.ceil(date.getUTCDate() / 7);
  return cron.nth.some((one) => {
    if (one.weekday !== weekday) return false;
    return one.nth === -1
      ? new Date(date.getTime() + 7 * DAY).getUTCMonth() !== date.getUTCMonth()
      : one.nth === nth;
  });
}

const isLastDay = (local: number) => new Date(local + DAY).getUTCDate() === 1;
