import { expect } from "@jest/globals";
import type { Case } from "../case.ts";

export default [
  {
    title: "config mapping of a graph: one number for two ops",
    job: "mapped_graph",
    runConfig: { ops: { both_scales: { config: { factor: 4 } } } },
    look: (ran) => expect(ran.said.sort()).toEqual(["first × 4", "second × 40"]),
  },
  {
    title: "config mapping of a graph: its default",
    job: "mapped_graph",
    look: (ran) => expect(ran.said.sort()).toEqual(["first × 2", "second × 20"]),
  },
  {
    title: "config mapping of a job: its own config stands at the top of run config",
    job: "mapped_job",
    runConfig: { factor: 3 },
    look: (ran) => expect(ran.said.sort()).toEqual(["first × 3", "second × 30"]),
  },
  {
    title: "config mapping of a job: its default run config",
    job: "mapped_job",
    look: (ran) => expect(ran.said.sort()).toEqual(["first × 5", "second × 50"]),
  },
  {
    title: "config mapping of a graph-backed asset",
    assets: "scaled",
    runConfig: { ops: { scaled: { config: { factor: 7 } } } },
    look: (ran) => expect(ran.said).toEqual(["asset × 7"]),
  },
  {
    title: "inputs that run config gives",
    job: "greeting",
    runConfig: { ops: { greet: { inputs: { who: "Ada", times: 2 } } } },
    look: (ran) => expect(ran.said.sort()).toEqual(["Dear Ben", "Dear Dear Ada"]),
  },
] satisfies Case[];
