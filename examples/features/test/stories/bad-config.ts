import { expect } from "@jest/globals";
import type { Launch, Story } from "../story.ts";

const persist = (config: object) => ({ job: "persist_day", runConfig: { ops: { persist: { config } } } });
const wrong: [string, Launch, RegExp][] = [
  ["a field of the wrong type", persist({ date: 3 }), /ops\.persist\.config\.date/],
  [
    "a field that is not there",
    persist({ date: "2024-05-01", dates: 1 }),
    /ops\.persist\.config\.dates: is unknown/,
  ],
  [
    "an op that is not there",
    { job: "persist_day", runConfig: { ops: { persits: {} } } },
    /ops\.persits: is unknown.*persist/,
  ],
  ["config of a mapped job", { job: "mapped_job", runConfig: { factor: "x" } }, /factor: must be a number/],
  [
    "what is inside a mapped graph",
    { job: "mapped_graph", runConfig: { ops: { both_scales: { ops: {} } } } },
    /ops\.both_scales\.ops: is unknown/,
  ],
  [
    "config of a mapped asset that is missing",
    { assets: "scaled" },
    /ops\.scaled\.config: needs config: factor/,
  ],
  [
    "a resource that must be configured",
    { job: "asking" },
    /resources\.credentials\.config\.user: is missing/,
  ],
  ["an input that must be given", { job: "greeting" }, /ops\.greet\.inputs\.who: is missing/],
  [
    "an input that the call connects",
    {
      job: "greeting",
      runConfig: { ops: { greet: { inputs: { who: "Ada" } }, known: { inputs: { who: "Eve" } } } },
    },
    /ops\.known\.inputs\.who: is unknown/,
  ],
];

export default wrong.map(
  ([what, launch, message]): Story => ({
    title: `refused before a run starts, with its path: ${what}`,
    tell: async ({ run }) => {
      await expect(run(launch)).rejects.toThrow(message);
    },
  }),
);
