import { expect } from "@jest/globals";
import type { Case } from "../case.ts";

export default [
  {
    title: "software-defined assets: what is loaded, what was found out, what is never run",
    assets: "group:bikes",
    look: (ran) => {
      expect(ran.materialized).toEqual(["bikes/rides", "bikes/riding_time"]);
      const [rides] = ran.of("ASSET_MATERIALIZATION");
      expect(rides?.metadata).toMatchObject({ rows: { type: "int", value: 2 } });
      expect(ran.of("LOADED_INPUT").map(({ input }) => input)).toEqual(["rides"]);
    },
  },
  {
    title: "checks: reported, in a step of its own, and blocking",
    assets: 'key:"checked/*"',
    status: "FAILURE",
    look: (ran) => {
      expect(
        ran.of("ASSET_CHECK_EVALUATION").map(({ check, passed, severity }) => [check, passed, severity]),
      ).toEqual([
        ["positive", false, "WARN"],
        ["enough_prices", false, "ERROR"],
      ]);
      expect(ran.materialized).toEqual(["checked/prices"]);
      expect(ran.steps("STEP_SKIPPED")).toEqual(["checked__price_index"]);
    },
  },
  {
    title: "multi-assets: all of them",
    assets: 'key:"split/*"',
    look: (ran) => expect(ran.materialized).toEqual(["split/even", "split/numbers", "split/odd"]),
  },
  {
    title: "graph-backed assets: a step for each op",
    assets: "dictionary",
    look: (ran) => {
      expect(ran.steps("STEP_SUCCESS")).toEqual(["dictionary.fetch_words", "dictionary.sort_words"]);
      expect(ran.materialized).toEqual(["dictionary"]);
    },
  },
  {
    title: "partitioned assets: one partition",
    assets: 'key:"mail/emails"',
    partition: "north",
    look: (ran) => expect(ran.of("ASSET_MATERIALIZATION")[0]?.partition).toBe("north"),
  },
] satisfies Case[];
