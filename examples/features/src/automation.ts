/** Runs that nobody asks for: conditions of assets, and sensors that watch assets and runs. */
import {
  AutomationCondition,
  asset,
  assetCheck,
  assetSensor,
  automationConditionSensor,
  job,
  op,
  RunRequest,
  runStatusSensor,
} from "@dagster-operator/sdk";

const group = "automated";
/** Somebody else's work starts it all. */
export const parcels = asset("automated/parcels", { group }, () => 3);
/** Made again whenever the parcels are. */
export const weights = asset(
  "automated/weights",
  { group, inputs: { parcels }, automationCondition: AutomationCondition.eager() },
  ({ inputs }) => inputs.parcels * 2,
);
/** In the same run as the weights, since it is made of them. */
export const postage = asset(
  "automated/postage",
  { group, inputs: { weights }, automationCondition: AutomationCondition.eager() },
  ({ inputs }) => inputs.weights * 5,
);
/** Run by itself when the parcels are made by somebody else, with nothing else of theirs. */
export const someParcels = assetCheck(
  "some_parcels",
  { asset: parcels, automationCondition: AutomationCondition.eager() },
  ({ value }) => value > 0,
);
/** Who evaluates these conditions: instead of `default_automation_condition_sensor`. */
export const automatedConditions = automationConditionSensor("automated_conditions", {
  target: "group:automated",
  minimumInterval: 1,
  runTags: { by: "condition" },
});

const shout = op("shout_parcels", ({ log }) => log.info("parcels!"));
export const announce = job("announce_parcels", () => void shout());
/** Asked for each new materialization, with what it says. */
export const onParcels = assetSensor(
  "on_parcels",
  { asset: parcels, job: announce, minimumInterval: 1 },
  ({ assetEvent }) => new RunRequest({ runKey: String(assetEvent.id) }),
);
/** Asked for each run of the job that ends well. */
export const afterAnnouncing = runStatusSensor(
  "after_announcing",
  { status: "SUCCESS", monitoredJobs: [announce], minimumInterval: 1 },
  ({ run, log }) => log.info(`${run.job} has ended`),
);
