const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** The cron lines of a schedule: several come as a JSON array of them. */
export function cronLines(cron: string): string[] {
  if (!cron.startsWith("[")) return [cron];
  const lines: unknown = JSON.parse(cron);
  return Array.isArray(lines) ? lines.map(String) : [cron];
}

/** Common cron lines in words; the line itself when it is not one of these. */
export function cronText(cron: string): string {
  return cronLines(cron).map(lineText).join("; ");
}

function lineText(cron: string): string {
  const named: Record<string, string> = {
    "@hourly": "Every hour",
    "@daily": "Every day at 00:00",
    "@midnight": "Every day at 00:00",
    "@weekly": "Sunday at 00:00",
    "@monthly": "On day 1 of the month at 00:00",
  };
  const parts = cron.trim().split(/\s+/);
  const known = named[cron.trim()];
  if (known) return known;
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = parts;
  if (parts.length !== 5 || month !== "*") return cron;
  const every = /^\*\/(\d+)$/.exec(minute)?.[1];
  if (hour === "*" && day === "*" && weekday === "*") {
    if (minute === "*" || every === "1") return "Every minute";
    if (every) return `Every ${every} minutes`;
    if (/^\d+$/.test(minute))
      return minute === "0" ? "Every hour" : `Every hour at :${minute.padStart(2, "0")}`;
  }
  if (!/^\d+$/.test(minute) || !/^\d+$/.test(hour)) return cron;
  const at = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  if (day === "*" && weekday === "*") return `Every day at ${at}`;
  if (day === "*" && weekday === "1-5") return `Weekdays at ${at}`;
  if (day === "*" && /^\d$/.test(weekday)) return `${DAYS[Number(weekday) % 7]} at ${at}`;
  if (weekday === "*" && /^\d+$/.test(day)) return `On day ${day} of the month at ${at}`;
  return cron;
}
