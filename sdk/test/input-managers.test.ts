import { expect, test } from "@jest/globals";
import { internalsOf } from "../src/definitions.ts";
import {
  asset,
  assetIn,
  Definitions,
  dailyPartitions,
  executeInProcess,
  graphAsset,
  type InputContext,
  inMemory,
  input,
  inputManager,
  job,
  materialize,
  op,
  resource,
  staticPartitions,
  ValueNotStored,
  z,
} from "../src/index.ts";

const rows = asset("raw/rows", { metadata: { table: "ROWS" }, ioManager: "warehouse" }, () => [1, 2]);
const seen: Partial<InputContext>[] = [];
/** Reads what it was told of, with the metadata that the asset's definition has. */
const asText = inputManager({
  config: z.object({ separator: z.string().default(",") }).prefault({}),
  create: ({ config }) => ({
    loadInput: (context) => {
      seen.push(context);
      return ["from", context.definitionMetadata.table, context.partitionKey].join(config.separator);
    },
  }),
});

test("an input is loaded by the manager it names, and the one that stored the value is not even opened", async () => {
  let opened = 0;
  const warehouse = resource({ create: () => ++opened });
  let value: string | undefined;
  const report = asset(
    "report",
    { inputs: { rows: assetIn<string>(rows, { ioManager: { asText } }) } },
    ({ inputs }) => {
      value = inputs.rows;
    },
  );
  const run = await materialize([report], {
    resources: { warehouse: { ...inMemory(), nested: { warehouse } } as never },
  });
  expect(value).toBe("from,ROWS,");
  expect(opened).toBe(0);
  expect(seen.at(-1)).toMatchObject({ assetKey: ["raw", "rows"], inputName: "rows", consumer: "report" });
  expect(run.eventsOf("LOADED_INPUT")).toMatchObject([{ input: "rows", ioManager: "asText" }]);
});

test("by name, with config of Definitions, for one partition and for several", async () => {
  const days = dailyPartitions({ start: "2024-01-01" });
  const daily = asset("daily", { partitions: days, metadata: { table: "D" } }, () => 1);
  const values: unknown[] = [];
  const next = asset(
    "next",
    { partitions: days, inputs: { daily: assetIn<string>(daily, { ioManager: "text" }) } },
    ({ inputs }) => {
      values.push(inputs.daily);
    },
  );
  const resources = { text: asText.configured({ separator: "/" }) };
  await materialize([next], { partitionKey: "2024-01-02", resources });
  await materialize([next], { partitionKeyRange: { start: "2024-01-01", end: "2024-01-02" }, resources });
  expect(values).toEqual([
    "from/D/2024-01-02",
    { "2024-01-01": "from/D/2024-01-01", "2024-01-02": "from/D/2024-01-02" },
  ]);
});

test("an op's input may name one too", async () => {
  const make = op("make", () => 1);
  const fixed = inputManager({
    create: () => ({ loadInput: ({ stepKey, outputName }) => `${stepKey}.${outputName}` }),
  });
  let value: unknown;
  const use = op("use", { inputs: { one: input<string>({ ioManager: { fixed } }) } }, ({ inputs }) => {
    value = inputs.one;
  });
  await executeInProcess(job("j", () => void use({ one: make() as never })));
  expect(value).toBe("make.result");
});

test("the resource page tells who uses it", () => {
  const report = asset(
    "report",
    { inputs: { rows: assetIn<string>(rows, { ioManager: { asText } }) } },
    () => 1,
  );
  const definitions = new Definitions({ assets: [rows, report], resources: { warehouse: inMemory() } });
  const found = internalsOf(definitions).snapshot.resources.find(({ name }) => name === "asText");
  expect(found).toMatchObject({ kind: "input_manager", isIoManager: true, usedBy: { assets: [["report"]] } });
});

test("a manager that is not there, no IO manager, or given to a graph asset is refused when the code is loaded", () => {
  const named = (ioManager: string) =>
    asset("report", { inputs: { rows: assetIn<string>(rows, { ioManager }) } }, () => 1);
  const load = (ioManager: string) => () =>
    new Definitions({
      assets: [rows, named(ioManager)],
      resources: { warehouse: inMemory(), db: resource(() => 1) },
    });
  expect(load("warehose")).toThrow(
    /input rows of report .*is loaded by IO manager warehose, which is not among the resources.*warehouse/s,
  );
  expect(load("db")).toThrow(/is loaded by IO manager db, which is a resource.*and no IO manager/);
  const show = op("show", { inputs: { rows: input<string>() } }, () => 1);
  expect(() =>
    graphAsset("g", { inputs: { rows: assetIn<string>(rows, { ioManager: { asText } }) } }, (inputs) =>
      show(inputs),
    ),
  ).toThrow(/input rows of graph asset g has an IO manager of its own: give it to the op/);
});

test("it stores nothing, and says so", async () => {
  const run = await materialize([asset("a", { ioManager: { asText } }, () => 1)], { raise: false });
  expect(run.eventsOf("STEP_FAILURE")[0]?.error?.message).toMatch(
    /asset a cannot be stored by an input manager, which only loads/,
  );
});

const regions = staticPartitions(["eu", "us"]);
const sales = asset("sales", { partitions: regions }, ({ partitionKey }) => `sales of ${partitionKey}`);

test("an asset as an op's input: of the job's partition, else of all; with assetIn those that are stored", async () => {
  const ioManager = inMemory();
  await materialize([sales], { partitionKey: "eu", resources: { ioManager } });
  const values: unknown[] = [];
  const use = op("use", { inputs: { sales } }, ({ inputs }) => {
    values.push(inputs.sales);
  });
  const run = await executeInProcess(
    job("of_one", { partitions: regions }, () => void use()),
    {
      partitionKey: "eu",
      assets: [sales],
      resources: { ioManager },
    },
  );
  expect(run.eventsOf("ASSET_MATERIALIZATION")).toEqual([]);

  const all = job("of_all", () => void use());
  await expect(executeInProcess(all, { assets: [sales], resources: { ioManager } })).rejects.toThrow(
    /input sales of step use needs 1 of 2 partitions of sales that are not stored: us/,
  );
  const some = op("some", { inputs: { sales: assetIn(sales, { allowMissing: true }) } }, ({ inputs }) => {
    values.push(inputs.sales);
  });
  await executeInProcess(
    job("of_some", () => void some()),
    { assets: [sales], resources: { ioManager } },
  );
  await materialize([sales], { partitionKey: "us", resources: { ioManager } });
  await executeInProcess(all, { assets: [sales], resources: { ioManager } });
  expect(values).toEqual(["sales of eu", { eu: "sales of eu" }, { eu: "sales of eu", us: "sales of us" }]);
});

test("ValueNotStored of an input manager counts as missing", async () => {
  const only = inputManager({
    create: () => ({
      loadInput: ({ partitionKey }) => {
        if (partitionKey === "us") throw new ValueNotStored("nothing came from there");
        return partitionKey;
      },
    }),
  });
  const seenValues: unknown[] = [];
  const read = asset(
    "read",
    {
      inputs: { sales: assetIn<Record<string, string>>(sales, { ioManager: { only }, allowMissing: true }) },
    },
    ({ inputs }) => {
      seenValues.push(inputs.sales);
    },
  );
  await materialize([read]);
  expect(seenValues).toEqual([{ eu: "eu" }]);
});
