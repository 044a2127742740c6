/** An asset that sometimes has nothing to make: then it is not materialized, and what depends on it is skipped. */
import { asset, z } from "@dagster-operator/sdk";

export const alerts = asset(
  "sometimes/alerts",
  { optional: true, config: z.object({ found: z.array(z.string()).default([]) }) },
  ({ config }) => (config.found.length > 0 ? config.found : undefined),
);
export const alertMail = asset("sometimes/alert_mail", { inputs: { alerts } }, ({ inputs }) =>
  inputs.alerts.join(", "),
);
