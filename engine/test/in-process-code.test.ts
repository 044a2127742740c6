import {
  asset,
  assetIn,
  customMapping,
  Definitions,
  dynamicPartitions,
  job,
  op,
  RunRequest,
  SkipReason,
  schedule,
  sensor,
  staticPartitions,
  z,
} from "@dagster-operator/sdk";
import { codeLocationContract, inProcessCode } from "../src/testing/index.ts";

const scale = op("scale", { config: z.object({ factor: z.number() }) }, ({ config }) => config.factor);
const work = job("work", () => {
  scale();
});
const partitions = dynamicPartitions("days");
const days = asset("days", { partitions }, () => 1);
const mapping = customMapping(partitions, (key) => (key === "both" ? ["a", "b"] : key === "one" ? "a" : "c"));
const halves = asset(
  "halves",
  { partitions: staticPartitions(["a", "b"]), inputs: { days: assetIn(days, { mapping }) } },
  () => 2,
);
const definitions = new Definitions({
  assets: [days, halves],
  jobs: [work],
  schedules: [
    schedule(
      "nightly",
      { job: work, cron: "0 0 * * *" },
      ({ scheduledTime }) =>
        new RunRequest({ runKey: scheduledTime.toISOString(), tags: { from: "nightly" } }),
    ),
  ],
  sensors: [
    sensor("counting", { job: work }, ({ cursor, setCursor, log }) => {
      setCursor(String(Number(cursor) + 1));
      log.info("counted");
      return new SkipReason("nothing new");
    }),
    sensor("throwing", { job: work }, ({ log }) => {
      log.info("about to break");
      throw new Error("sensor is broken");
    }),
    sensor("hanging", { job: work }, () => new Promise<undefined>(() => {})),
  ],
});
const serve = (what: Parameters<typeof inProcessCode>[0]) => async () => ({
  code: inProcessCode(what),
  close: async () => {},
});

codeLocationContract("in-process code", {
  open: serve(definitions),
  openBroken: serve(new Error("broken at import")),
  openAbsent: serve(null),
});
