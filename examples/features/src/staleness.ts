/** Code versions and data versions say when an asset is out of date: see the story of it. */
import { asset, observableAsset, staticPartitions, z } from "@dagster-operator/sdk";

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

/** Tells no data version: it is made of the code version and of the versions of its inputs. */
export const rates = asset("versions/rates", { codeVersion: "1" }, () => 3);
export const fees = asset(
  "versions/fees",
  { partitions: staticPartitions(["a", "b"]), inputs: { rates }, codeVersion: "1" },
  ({ inputs, partitionKey }) => inputs.rates * partitionKey.length,
);
/** Of both partitions. */
export const invoice = asset("versions/invoice", { deps: [fees] }, () => "to pay");
