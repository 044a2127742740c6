/** Ticks strictly after `after`, ascending, in milliseconds since the epoch. Endless. */
export function cronTicks(_cron: string | readonly string[], _timezone: string, _after: number): Iterable<number> {
  throw new Error("cron is not supported yet");
}
