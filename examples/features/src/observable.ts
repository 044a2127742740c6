/** Data that something else makes: we look at it, record its version, and read it. */
import { asset, observableAsset, output, staticPartitions } from "@dagster-operator/sdk";

export const feed = observableAsset("feeds/prices", { group: "feeds", value: output<number[]>() }, () => ({
  dataVersion: "2024-05-01",
  metadata: { rows: 3 },
}));
/** Comes after what was seen, and loads nothing. */
export const feedReport = asset("feeds/report", { group: "feeds", deps: [feed] }, () => "three prices");

const shops = staticPartitions(["rome", "oslo"]);
export const tills = observableAsset("feeds/tills", { partitions: shops }, ({ partitionKeys }) =>
  Object.fromEntries(partitionKeys.map((shop) => [shop, `${shop}-1`])),
);
