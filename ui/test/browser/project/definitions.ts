// What the browser tests run: small, but with each thing that the page shows.
import {
  asset,
  assetCheck,
  Definitions,
  defineAssetJob,
  image,
  job,
  md,
  op,
  SkipReason,
  schedule,
  sensor,
  staticPartitions,
  table,
  z,
} from "@dagster-operator/sdk";

const regions = staticPartitions(["north", "south"]);

const orders = asset(
  ["shop", "orders"],
  { group: "raw", kinds: ["csv"], owners: ["team:shop"], description: "Orders as **they came**." },
  ({ metadata, log }) => {
    log.info("read 3 orders");
    console.log("a line on stdout");
    metadata({
      rows: 3,
      note: md("# Read\n<script>window.hacked = true</script>"),
      preview: table([{ id: 1, total: 12.5 }]),
    });
    return [1, 2, 3];
  },
);
const revenue = asset(
  ["shop", "revenue"],
  { group: "mart", kinds: ["sql"], inputs: { orders } },
  ({ inputs, metadata }) => {
    metadata({
      total: inputs.orders.length * 10,
      chart: image.svg(
        `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="30" height="20" fill="teal"/></svg>`,
      ),
    });
    return inputs.orders.length;
  },
);
const byRegion = asset("by_region", { group: "mart", partitions: regions }, ({ partitionKey, metadata }) => {
  metadata({ length: partitionKey.length });
  return partitionKey;
});
const hasRows = assetCheck(
  "has_rows",
  { asset: orders, description: "There is something." },
  ({ value }) => ({ passed: value.length > 0, metadata: { rows: value.length } }),
);

const greet = op(
  "greet",
  {
    config: z.object({
      name: z.string().min(2).describe("Whom to greet"),
      times: z.number().int().min(1).default(1),
    }),
  },
  ({ config, log }) => {
    for (let i = 0; i < config.times; i++) log.info(`hello ${config.name} ${i}`);
  },
);
const hello = job("hello", { description: "Greets." }, () => {
  greet();
});
const wait = op("wait", {}, () => new Promise((resolve) => setTimeout(resolve, 600_000)));
const slow = job("slow", {}, () => {
  wait();
});
const burst = op("burst", {}, () => {
  throw new TypeError("the tank is empty");
});
const broken = job("broken", {}, () => {
  burst();
});

const nightly = defineAssetJob("nightly", { selection: "group:raw" });

export default new Definitions({
  assets: [orders, revenue, byRegion],
  checks: [hasRows],
  jobs: [hello, slow, broken, nightly],
  schedules: [schedule("every_night", { job: nightly, cron: "0 2 * * *", timezone: "Europe/Rome" })],
  sensors: [sensor("inbox", { job: hello, minimumInterval: 3600 }, () => new SkipReason("no new file"))],
});
