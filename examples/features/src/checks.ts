/** Checks: one with a step of its own, one that the asset reports, and one that stops what is downstream. */
import { asset, assetCheck } from "@dagster-operator/sdk";

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
