// Everything here compiles, in a user's project that emits declarations.
import {
  asset,
  assetCheck,
  assetIn,
  Definitions,
  dailyPartitions,
  defineAssetJob,
  dynamicOutput,
  env,
  executeInProcess,
  externalAsset,
  graph,
  graphAsset,
  inMemory,
  input,
  ioManager,
  job,
  materialize,
  multiAsset,
  multiPartitions,
  nothing,
  op,
  optionalOutput,
  output,
  RunRequest,
  requiredResource,
  resource,
  schedule,
  sensor,
  staticPartitions,
  z,
} from "@dagster-operator/sdk";

export const daily = dailyPartitions({ start: "2024-01-01" });
export const regions = staticPartitions(["eu", "us"]);
export const dayAndRegion = multiPartitions({ day: daily, region: regions });
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_yes: Equal<A, B>) => undefined;

interface Order {
  id: number;
  amount: number;
}
class Db {
  query(_sql: string): Promise<Order[]> {
    return Promise.resolve([]);
  }
}

export const db = resource({
  config: z.object({ url: z.string() }),
  create: ({ config }) => {
    same<typeof config.url, string>(true);
    return new Db();
  },
});
export const mailer = requiredResource<{ send(to: string): void }>("sends mail");

export const orders = asset(
  "orders",
  { partitions: daily, resources: { db } },
  async ({ partitionKey, resources }) => {
    same<typeof partitionKey, string>(true);
    return resources.db.query(partitionKey);
  },
);
export const customers = externalAsset<{ name: string }[]>("raw/customers");
export const plain = asset("plain", ({ partitionKey }) => {
  same<typeof partitionKey, undefined>(true);
  return 1;
});
export const regional = asset("regional", { partitions: regions }, ({ partitionKey, partitionKeys }) => {
  same<typeof partitionKey, "eu" | "us">(true);
  same<typeof partitionKeys, readonly ("eu" | "us")[]>(true);
  return partitionKey;
});
export const nothingStored = asset(["raw", "effects"], { deps: [plain, "raw/customers"] }, () => undefined);

export const cleaned = asset(
  "cleaned",
  { partitions: daily, inputs: { orders, customers } },
  ({ inputs }) => {
    same<typeof inputs.orders, Order[]>(true);
    same<typeof inputs.customers, { name: string }[]>(true);
    return new Map(inputs.orders.map((order) => [order.id, order]));
  },
);
export const total = asset(
  "total",
  {
    inputs: { orders, latest: assetIn(orders, { mapping: { kind: "last" } }) },
    config: z.object({ currency: z.enum(["EUR", "USD"]).default("EUR") }),
  },
  ({ inputs, config }) => {
    same<typeof inputs.orders, Readonly<Record<string, Order[]>>>(true);
    same<typeof inputs.latest, Order[]>(true);
    same<typeof config.currency, "EUR" | "USD">(true);
    return Object.values(inputs.orders).flat().length;
  },
);
export const positive = assetCheck(
  "positive",
  { asset: total, resources: { mailer } },
  ({ value, resources }) => {
    same<typeof value, number>(true);
    resources.mailer.send("x");
    return { passed: value > 0, severity: "WARN" };
  },
);

export const split = multiAsset(
  "split",
  { assets: { train: {}, test: { key: "tests/test" } }, inputs: { plain } },
  async ({ inputs }) => ({
    train: [inputs.plain],
    test: "a",
  }),
);
export const trained = asset(
  "trained",
  { inputs: { train: split.train, test: split.test } },
  ({ inputs }) => {
    same<typeof inputs.train, number[]>(true);
    same<typeof inputs.test, string>(true);
  },
);

export const one = op("one", () => 1);
export const plus = op(
  "plus",
  { inputs: { x: one, by: z.number().default(1) } },
  ({ inputs }) => inputs.x + inputs.by,
);
export const sum = op("sum", { inputs: { xs: input<number[]>(), after: nothing } }, ({ inputs }) => {
  same<keyof typeof inputs, "xs">(true);
  return inputs.xs.reduce((a, b) => a + b, 0);
});
export const files = op("files", { outputs: dynamicOutput<string>() }, () => new Map([["a", "text"]]));
export const size = op("size", { inputs: { file: input<string>() } }, ({ inputs }) => inputs.file.length);
export const parts = op(
  "parts",
  { outputs: { left: output<number>(), right: optionalOutput<string>() } },
  () => ({ left: 1 }),
);
export const mail = op("mail", { inputs: { total } }, ({ inputs }) => {
  same<typeof inputs.total, number>(true);
});
export const twice = graph("twice", { inputs: { x: input<number>() } }, ({ x }) =>
  plus({ x: plus({ x, by: one() }), by: one() }),
);
export const everything = job(
  "everything",
  { partitions: daily, executor: { multiprocess: { max_concurrent: 4 } } },
  () => {
    const a = one();
    const b = twice.as("again")({ x: a });
    const sizes = files().map((file) => size({ file }));
    const { left, right } = parts();
    size({ file: right });
    sum({ xs: [a, b, left], after: right });
    sum.as("sizes", { tags: { a: "b" } })({ xs: sizes.collect(), after: [a, sizes] });
    mail();
    mail({ total: one() });
  },
);
export const drawn = graphAsset("drawn", { inputs: { plain } }, ({ plain: handle }) =>
  plus({ x: handle, by: one() }),
);
same<typeof drawn extends { readonly key: string[] } ? true : false, true>(true);

const store = ioManager({
  config: z.object({ path: z.string() }),
  create: () => ({ handleOutput: () => undefined, loadInput: () => undefined }),
});
const nightly = defineAssetJob("nightly", { selection: [orders, cleaned] });
export default new Definitions({
  assets: [orders, customers, plain, nothingStored, cleaned, total, split, trained, drawn],
  checks: [positive],
  jobs: [everything],
  schedules: [
    schedule({ job: nightly, cron: "0 4 * * *" }),
    schedule(
      "hourly",
      { job: "everything", cron: ["0 * * * *"], resources: { db } },
      async ({ scheduledTime, resources }) => {
        await resources.db.query("");
        return new RunRequest({ runKey: scheduledTime.toISOString() });
      },
    ),
  ],
  sensors: [
    sensor("watch", { job: nightly }, async function* ({ cursor, setCursor }) {
      setCursor(`${cursor}x`);
      yield new RunRequest({ job: nightly, assets: [orders] });
    }),
  ],
  resources: {
    ioManager: store.configured({ path: env("STORE") }),
    db: db.configured({ url: env("URL", { default: "x" }) }),
    mailer: { send: () => undefined },
  },
});

export async function tests() {
  const result = await materialize([orders, total, positive], {
    partitionKey: "2024-01-01",
    resources: { ioManager: inMemory(), db: new Db() },
  });
  same<ReturnType<typeof read>, number>(true);
  function read() {
    return result.output(total);
  }
  await executeInProcess(everything, { raise: false });
}
