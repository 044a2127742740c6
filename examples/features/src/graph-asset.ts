/** Several steps make one asset. The second one fails unless it is a re-execution, which then begins inside the graph. */
import { graphAsset, graphMultiAsset, input, op } from "@dagster-operator/sdk";

const fetch = op("fetch_words", () => ["b", "a", "c"]);
const sort = op("sort_words", { inputs: { page: input<string[]>() } }, ({ inputs, run }) => {
  if (run.tags["fail-first"] === "yes" && run.parentRunId === null) throw new Error("the dictionary is away");
  return inputs.page.toSorted().join(" ");
});

export const dictionary = graphAsset("dictionary", {}, () => sort({ page: fetch() }));

const count = op(
  "count_words",
  { inputs: { text: input<string>() } },
  ({ inputs }) => inputs.text.split(" ").length,
);
const initials = op("initials", { inputs: { text: input<string>() } }, ({ inputs }) => inputs.text[0]);
const text = op("read_text", () => "a b c");

/** Several assets out of one graph; a run of one of them runs only the steps that it needs. */
export const { words, first } = graphMultiAsset(
  "text_facts",
  { keyPrefix: "facts", assets: { words: {}, first: {} }, canSubset: true },
  () => {
    const page = text();
    return { words: count({ text: page }), first: initials({ text: page }) };
  },
);
