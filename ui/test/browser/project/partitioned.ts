// Jobs and assets with partitions, for the browser tests of backfills.
import { asset, Definitions, dynamicPartitions, job, op, staticPartitions } from "@dagster-operator/sdk";

const regions = staticPartitions(["north", "south"]);
const byCustomer = asset("by_customer", { partitions: dynamicPartitions("customers") }, () => 1);
const visit = op("visit", {}, ({ partitionKey }) => {
  if (partitionKey === "south") throw new Error("the road is closed");
});
const regional = job("regional", { partitions: regions }, () => {
  visit();
});
const wait = op("wait", {}, () => new Promise((resolve) => setTimeout(resolve, 600_000)));
const slowRegional = job("slow_regional", { partitions: regions }, () => {
  wait();
});

export default new Definitions({ assets: [byCustomer], jobs: [regional, slowRegional] });
