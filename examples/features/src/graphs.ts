/** Ops in graphs: fan-out, fan-in, nested graphs with inputs, a branch, and a step for each of many things. */
import { dynamicOutput, graph, input, job, op, optionalOutput, output, z } from "@dagster-operator/sdk";

const one = op("one", () => 1);
const add = op(
  "add",
  { inputs: { to: input<number>() }, config: z.object({ n: z.number().default(1) }) },
  ({ inputs, config }) => inputs.to + config.n,
);
const sum = op("sum", { inputs: { all: input<number[]>() } }, ({ inputs }) =>
  inputs.all.reduce((total, n) => total + n, 0),
);

/** A graph with an input; used twice below, once under another name. */
const addTwice = graph("add_twice", { inputs: { to: input<number>() } }, ({ to }) =>
  add.as("second")({ to: add({ to }) }),
);

export const fan = job(
  "fan",
  { runConfig: { ops: { more: { ops: { add: { config: { n: 10 } } } } } } },
  () => {
    const start = one();
    sum({ all: [addTwice({ to: start }), addTwice.as("more")({ to: start })] });
  },
);

const weigh = op(
  "weigh",
  { outputs: { light: optionalOutput<number>(), heavy: optionalOutput<number>(), kg: output<number>() } },
  () => ({ heavy: 70, kg: 70 }),
);
const byBike = op("by_bike", { inputs: { parcel: input<number>() } }, ({ inputs }) => inputs.parcel);
const byTruck = op("by_truck", { inputs: { parcel: input<number>() } }, ({ inputs }) => inputs.parcel);

export const branch = job("branch", () => {
  const { light, heavy } = weigh();
  byBike({ parcel: light });
  byTruck({ parcel: heavy });
});

const letters = op("letters", { outputs: dynamicOutput<string>() }, () => ({ a: "alpha", b: "beta" }));
const size = op("size", { inputs: { word: input<string>() } }, ({ inputs }) => inputs.word.length);

export const many = job("many", () => {
  sum({
    all: letters()
      .map((word) => size({ word }))
      .collect(),
  });
});
