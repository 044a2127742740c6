/** Code versions and data versions say when an asset is out of date: see the story of it. */
import { asset, observableAsset, z } from "@dagster-operator/sdk";

/** The version that is seen is given at launch, as if the ledger had changed. */
export const ledger = observableAsset(
  "stale/ledger",
  { config: z.object({ version: z.string().default("1") }) },
  ({ config }) => config.version,
);
export const balance = asset("stale/balance", { deps: [ledger], codeVersion: "7" }, ({ dataVersion }) => {
  dataVersion("always the same");
  return 12;
});
export const letter = asset(
  "stale/letter",
  { inputs: { balance } },
  ({ inputs }) => `You have ${inputs.balance}.`,
);
