/** One function makes several assets; a run may ask for some of them. */
import { asset, multiAsset } from "@dagster-operator/sdk";

export const numbers = asset("split/numbers", () => [1, 2, 3, 4, 5]);

export const { even, odd } = multiAsset(
  "split_numbers",
  { keyPrefix: "split", assets: { even: {}, odd: {} }, inputs: { numbers }, canSubset: true },
  ({ inputs, selectedOutputs }) => ({
    ...(selectedOutputs.has("even") && { even: inputs.numbers.filter((n) => n % 2 === 0) }),
    ...(selectedOutputs.has("odd") && { odd: inputs.numbers.filter((n) => n % 2 === 1) }),
  }),
);
