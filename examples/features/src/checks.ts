/** Checks: one with a step of its own, one that the asset reports, and one that stops what is downstream. */
import { asset, assetCheck, multiAsset, multiAssetCheck } from "@dagster-operator/sdk";

export const prices = asset(
  "checked/prices",
  { checks: { positive: { description: "No price is negative" } } },
  ({ check }) => {
    const rows = [3, 5, -1];
    check("positive", {
      passed: rows.every((price) => price >= 0),
      severity: "WARN",
      metadata: { rows: rows.length },
    });
    return rows;
  },
);
export const enoughPrices = assetCheck("enough_prices", { asset: prices, blocking: true }, ({ value }) => ({
  passed: value.length >= 100,
  metadata: { rows: value.length },
}));
/** Never made: the blocking check fails. */
export const priceIndex = asset(
  "checked/price_index",
  { inputs: { prices } },
  ({ inputs }) => inputs.prices.length,
);

/** Checks of several assets that one function makes; two of them have the same name. */
export const { north, south } = multiAsset(
  "regional",
  {
    keyPrefix: "audited",
    assets: { north: { checks: { not_empty: {} } }, south: { checks: { not_empty: {}, sorted: {} } } },
  },
  ({ check }) => {
    const sales = { north: [1, 2], south: [] as number[] };
    check("not_empty", sales.north.length > 0, { output: "north" });
    check("not_empty", { passed: sales.south.length > 0, severity: "WARN" }, { output: "south" });
    check("sorted", true);
    return sales;
  },
);

/** One step, several checks. */
export const { same_length, few_rows } = multiAssetCheck(
  "audit",
  {
    checks: { same_length: { asset: south }, few_rows: { asset: north, blocking: true } },
    inputs: { north, south },
  },
  ({ inputs, selectedChecks }) => ({
    ...(selectedChecks.has("same_length") && {
      same_length: { passed: inputs.north.length === inputs.south.length, severity: "WARN" as const },
    }),
    few_rows: inputs.north.length < 10,
  }),
);
