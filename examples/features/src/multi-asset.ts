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

/**
 * Assets of one function that are made of each other: the page draws `files → totals → summary`, and `1+key:"refined/summary"`
 * takes in the totals. Between them nothing is loaded: the function hands it on.
 */
export const { files, totals, summary } = multiAsset(
  "refine",
  {
    keyPrefix: "refined",
    canSubset: true,
    inputs: { numbers },
    assets: {
      files: {},
      // By its name here, which needs no key.
      totals: { deps: ["files"] },
      summary: { deps: ["totals"], description: "What is read in the morning" },
    },
  },
  ({ inputs, selectedOutputs }) => {
    const total = inputs.numbers.reduce((sum, each) => sum + each, 0);
    const all = { files: inputs.numbers.map(String), totals: total, summary: `${total} in all` };
    return Object.fromEntries(Object.entries(all).filter(([name]) => selectedOutputs.has(name))) as Partial<
      typeof all
    >;
  },
);

/** Made of one of them: loaded from where that was stored, after the one step. */
export const morning = asset(
  "refined/morning",
  { inputs: { summary } },
  ({ inputs }) => inputs.summary.length,
);
