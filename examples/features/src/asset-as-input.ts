/** An op reads assets: loaded by their own IO managers and not made by the run. Partitioned ones: the run's partition, or all. */
import { asset, input, job, op, staticPartitions } from "@dagster-operator/sdk";

export const regions = staticPartitions(["north", "south"]);
export const emails = asset("mail/emails", { partitions: regions }, ({ partitionKey }) => [
  `${partitionKey}@example.org`,
]);

const sendAll = op(
  "send_all",
  { inputs: { emails: input<Readonly<Record<string, string[]>>>() } },
  ({ inputs, log }) => {
    log.info(`sent to ${Object.values(inputs.emails).flat().join(" ")}`);
  },
);
const sendSome = op("send_some", { inputs: { emails: input<string[]>() } }, ({ inputs, log }) => {
  log.info(`sent to ${inputs.emails.join(" ")}`);
});

/** Not partitioned: gets every partition, by key. */
export const sendEverywhere = job("send_everywhere", () => {
  sendAll({ emails });
});
/** Partitioned alike: gets the run's own. */
export const sendRegion = job("send_region", { partitions: regions }, () => {
  sendSome({ emails });
});
