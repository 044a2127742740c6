// Each line that ends in `// refused` is a compile error, and no other line is.
import {
  asset,
  assetCheck,
  Definitions,
  dynamicOutput,
  env,
  input,
  job,
  materialize,
  op,
  output,
  resource,
  staticPartitions,
  z,
} from "@dagster-operator/sdk";

class Db {
  query(): string[] {
    return [];
  }
}
const db = resource({ config: z.object({ url: z.string(), port: z.number() }), create: () => new Db() });
const orders = asset("orders", { resources: { db } }, () => [{ id: 1 }]);

asset("wrong_field", { inputs: { orders } }, ({ inputs }) => inputs.orders[0]?.amount); // refused
asset("wrong_input", { inputs: { orders } }, ({ inputs }) => inputs.order); // refused
asset("not_an_asset", { inputs: { orders: 1 } }, () => 1); // refused
asset("wrong_config", { config: z.object({ a: z.number() }) }, ({ config }) => config.a.length); // refused
asset("no_config", {}, ({ config }) => config.a); // refused
asset("wrong_resource", { resources: { db } }, ({ resources }) => resources.db.sql()); // refused
asset("missing_resource", { resources: { db } }, ({ resources }) => resources.warehouse); // refused
asset("no_partition", ({ partitionKey }) => partitionKey.length); // refused
const two = staticPartitions(["eu", "us"]);
asset("no_such_key", { partitions: two }, ({ partitionKey }) => partitionKey === "asia"); // refused
asset("misspelt_option", { gruop: "raw" }, () => 1); // refused
assetCheck("wrong_value", { asset: orders }, ({ value }) => value > 3); // refused
assetCheck("not_a_verdict", { asset: orders }, ({ value }) => value.length); // refused

const one = op("one", () => 1);
const text = op("text", () => "a");
const plus = op("plus", { inputs: { x: input<number>() } }, ({ inputs }) => inputs.x + 1);
const sum = op("sum", { inputs: { xs: input<number[]>() } }, () => 1);
const files = op("files", { outputs: dynamicOutput<string>() }, () => ({ a: "x" }));
op("wrong_output", { outputs: { a: output<number>() } }, () => ({ a: "x" })); // refused
op("missing_output", { outputs: { a: output<number>(), b: output<number>() } }, () => ({ a: 1 })); // refused
op("wrong_dynamic", { outputs: dynamicOutput<number>() }, () => ({ a: "x" })); // refused
job("wiring", () => {
  plus({ x: text() }); // refused
  plus({ y: one() }); // refused
  plus({}); // refused
  plus(); // refused
  sum({ xs: [one(), text()] }); // refused
  plus({ x: files() }); // refused
  files().map((file) => plus({ x: file })); // refused
  plus({ x: orders }); // refused
  plus({ x: one() });
});

db.configured({ url: "x", port: "80" }); // refused
db.configured({ url: "x", port: env("PORT") }); // refused
db.configured({ url: "x", port: env.number("PORT") });
db.configured({ url: "x", port: 1, host: "y" }); // refused
new Definitions({ assets: [orders], resources: { db: { query: () => 1 } } }); // refused
new Definitions({ assets: [orders], resources: { db: resource(() => 1) } }); // refused
new Definitions({ assets: [orders], resources: { db: resource(() => new Db()), other: 1 } });
await materialize([orders], { resources: { db: "x" } }); // refused
const result = await materialize([orders]);
result.output(orders)[0]?.name; // refused
