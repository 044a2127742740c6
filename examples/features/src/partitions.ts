/** Partitions of each kind, and how one asset's depend on another's; a backfill makes them in order. */
import {
  asset,
  assetIn,
  customMapping,
  dailyPartitions,
  defineAssetJob,
  dynamicPartitions,
  monthlyPartitions,
  multiPartitions,
  staticPartitions,
  weeklyPartitions,
} from "@dagster-operator/sdk";

const window = { start: "2026-01-01", end: "2026-02-01" };
const days = dailyPartitions({ ...window, timezone: "Europe/Rome" });
const weeks = weeklyPartitions({ start: "2026-01-04", end: "2026-02-01", timezone: "Europe/Rome" });
const months = monthlyPartitions({ ...window, timezone: "Europe/Rome" });
const shops = staticPartitions(["rome", "milan", "paris"]);
const countries = staticPartitions(["it", "fr"]);
const guests = dynamicPartitions("guests");

const group = "partitions";
const number = (key: string) => Number(key.slice(-2));

export const visits = asset("visits", { partitions: days, group }, ({ partitionKey }) =>
  number(partitionKey),
);

/** Equal partitions: the day itself. */
export const visitsChecked = asset(
  "visits_checked",
  { partitions: days, group, inputs: { visits } },
  ({ inputs }) => inputs.visits,
);

/** Time windows: a week of days, those that are stored. */
export const visitsByWeek = asset(
  "visits_by_week",
  { partitions: weeks, group, inputs: { days: assetIn(visitsChecked, { allowMissing: true }) } },
  ({ inputs, metadata }) => {
    metadata({ days: Object.keys(inputs.days).length });
    return Object.values(inputs.days).reduce((sum, one) => sum + one, 0);
  },
);

/** Back from weeks to days: the week that a day lies in. */
export const shareOfWeek = asset(
  "share_of_week",
  {
    partitions: days,
    group,
    inputs: { day: visitsChecked, week: assetIn(visitsByWeek, { allowMissing: true }) },
  },
  ({ inputs }) => inputs.day / Math.max(1, ...Object.values(inputs.week)),
);

/** Moved by one window: the day before. */
export const dayBefore = asset(
  "day_before",
  {
    partitions: days,
    group,
    inputs: {
      before: assetIn(visitsChecked, { mapping: { kind: "time_window", startOffset: -1, endOffset: -1 } }),
    },
  },
  ({ inputs }) => Object.keys(inputs.before).join(),
);

/** Many partitions in one run: the function gets all keys and returns a value for each. */
export const archive = asset(
  "archive",
  { partitions: days, group, inputs: { visits }, backfillPolicy: { maxPartitionsPerRun: null } },
  ({ partitionKeys, partitionTimeWindow, inputs, log }) => {
    log.info(
      `${partitionKeys.length} days, ${partitionTimeWindow.start.toISOString()} to ${partitionTimeWindow.end.toISOString()}`,
    );
    return inputs.visits;
  },
);

/** All of them, and the newest. */
export const month = asset(
  "month",
  {
    partitions: months,
    group,
    inputs: {
      all: assetIn(visits, { mapping: { kind: "all" }, allowMissing: true }),
      newest: assetIn(visits, { mapping: { kind: "last" }, allowMissing: true }),
    },
  },
  ({ inputs }) => ({ days: Object.keys(inputs.all).length, newest: inputs.newest }),
);

export const sales = asset("sales", { partitions: shops, group }, ({ partitionKey }) => partitionKey.length);

/** By a table. */
export const salesByCountry = asset(
  "sales_by_country",
  {
    partitions: countries,
    group,
    inputs: {
      shops: assetIn(sales, {
        mapping: { kind: "static", downstreamByUpstream: { rome: ["it"], milan: ["it"], paris: ["fr"] } },
      }),
    },
  },
  ({ inputs }) => Object.keys(inputs.shops).sort().join(","),
);

export const stay = asset("stay", { partitions: guests, group }, ({ partitionKey }) => partitionKey);

/** By a function: the half of the month that a day lies in. */
export const visitsByHalf = asset(
  "visits_by_half",
  {
    partitions: staticPartitions(["first", "second"]),
    group,
    inputs: {
      days: assetIn(visitsChecked, {
        mapping: customMapping(days, (day) => (number(day) < 16 ? "first" : "second")),
        allowMissing: true,
      }),
    },
  },
  ({ inputs }) => Object.keys(inputs.days).join(),
);

/** The same from keys that come and go. */
export const tables = asset(
  "tables",
  {
    partitions: staticPartitions(["a to m", "n to z"]),
    group,
    inputs: {
      guests: assetIn(stay, {
        mapping: customMapping(guests, (guest) => (guest < "n" ? "a to m" : "n to z")),
      }),
    },
  },
  ({ inputs }) => Object.keys(inputs.guests).sort().join(),
);

/** Two dimensions from one of them. */
export const stock = asset(
  "stock",
  {
    partitions: multiPartitions({ country: countries, shelf: staticPartitions(["top", "low"]) }),
    group,
    inputs: {
      sales: assetIn(salesByCountry, { mapping: { kind: "multi_to_single", dimension: "country" } }),
    },
  },
  ({ inputs, partitionDimensions }) => `${partitionDimensions.shelf}: ${Object.values(inputs.sales).join()}`,
);

export const daily = defineAssetJob("daily_visits", { selection: "visits or visits_checked" });
