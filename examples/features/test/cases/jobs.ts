import { expect } from "@jest/globals";
import type { Case } from "../case.ts";

export default [
  {
    title: "fan-out, fan-in and nested graphs",
    job: "fan",
    look: (ran) =>
      expect(ran.steps("STEP_SUCCESS")).toEqual([
        "add_twice.add",
        "add_twice.second",
        "more.add",
        "more.second",
        "one",
        "sum",
      ]),
  },
  {
    title: "a branch that is not taken",
    job: "branch",
    look: (ran) => {
      expect(ran.steps("STEP_SKIPPED")).toEqual(["by_bike"]);
      expect(ran.steps("STEP_SUCCESS")).toEqual(["by_truck", "weigh"]);
    },
  },
  {
    title: "a step for each of many things",
    job: "many",
    look: (ran) => expect(ran.steps("STEP_SUCCESS")).toEqual(["letters", "size[a]", "size[b]", "sum"]),
  },
  {
    title: "retries: asked for, by policy, and refused",
    job: "retries",
    status: "FAILURE",
    look: (ran) => {
      expect(ran.steps("STEP_UP_FOR_RETRY")).toEqual(["patient", "patient", "policed"]);
      expect(ran.steps("STEP_FAILURE")).toEqual(["stubborn"]);
      expect(ran.of("ENGINE_EVENT").find(({ stepKey }) => stepKey === "stubborn")?.metadata).toEqual({
        path: { type: "text", value: "/nowhere" },
      });
    },
  },
  {
    title: "materializations and observations at run time, with every kind of metadata",
    job: "persist_day",
    runConfig: { ops: { persist: { config: { date: "2024-05-01" } } } },
    look: (ran) => {
      const [made] = ran.of("ASSET_MATERIALIZATION");
      expect(made).toMatchObject({ asset: ["my_dataset"], partition: "2024-05-01" });
      expect(new Set(Object.values(made?.metadata ?? {}).map(({ type }) => type))).toEqual(
        new Set(
          ["text", "int", "float", "bool", "json", "path", "url", "markdown", "table", "timestamp"].concat([
            "asset",
            "run",
            "notebook",
            "image",
          ]),
        ),
      );
      expect(ran.of("ASSET_OBSERVATION")[0]?.asset).toEqual(["raw", "clicks"]);
    },
  },
  {
    title: "resources: nested, configured at launch, closed after a failure",
    job: "asking",
    status: "FAILURE",
    runConfig: { resources: { credentials: { config: { user: "ada" } } } },
    look: (ran) => {
      expect(ran.said).toContain("ada asked select 1");
      expect(ran.steps("STEP_FAILURE")).toEqual(["ask"]);
    },
  },
  {
    title: "an asset as an op's input: every partition in a job without any",
    job: "send_everywhere",
    look: (ran) => {
      expect(ran.said).toEqual(["sent to north@example.org south@example.org"]);
      expect(ran.materialized).toEqual([]);
    },
  },
  {
    title: "an asset as an op's input: the run's own partition",
    job: "send_region",
    partition: "south",
    look: (ran) => expect(ran.said).toEqual(["sent to south@example.org"]),
  },
  {
    title: "hooks on success and failure, once a step is done with its retries",
    job: "watched",
    status: "FAILURE",
    look: (ran) => {
      expect(ran.said.sort()).toEqual(["bad failed at try 2: no luck", "good is done"]);
      expect(
        ran
          .of("HOOK_COMPLETED")
          .map(({ hook, stepKey }) => `${hook} of ${stepKey}`)
          .sort(),
      ).toEqual(["alarm of bad", "praise of good"]);
      expect(ran.of("HOOK_ERRORED")[0]).toMatchObject({
        hook: "broken",
        error: { message: "the chat is away" },
      });
      expect(ran.steps("STEP_SUCCESS")).toEqual(["good"]);
    },
  },
  {
    title: "materializations that an IO manager reports",
    job: "write_csv",
    look: (ran) => {
      expect(ran.of("ASSET_MATERIALIZATION")[0]).toMatchObject({
        asset: ["csv", "csv_rows"],
        metadata: { "number of rows": { value: 3 } },
      });
      expect(ran.of("HANDLED_OUTPUT")[0]?.metadata).toEqual({
        path: { type: "path", value: "csv_rows/result.csv" },
      });
    },
  },
] satisfies Case[];
