/** Ticks strictly after `after`, ascending, in milliseconds since the epoch. Endless. */
export declare function cronTicks(
  cron: string | readonly string[],
  timezone: string,
  after: number,
): Iterable<number>;
