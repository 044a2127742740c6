/** An input that a call leaves open is given in run config; one that it connects is not. */
import { job, op, runInput, z } from "@dagster-operator/sdk";

const name = op("a_name", () => "Ben");
const greet = op(
  "greet",
  { inputs: { who: runInput(z.string().min(2)), times: runInput(z.number().int().default(1)) } },
  ({ inputs, log }) => log.info("Dear ".repeat(inputs.times) + inputs.who),
);

export const greeting = job("greeting", () => {
  greet();
  greet.as("known")({ who: name() });
});
