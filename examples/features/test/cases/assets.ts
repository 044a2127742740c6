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
    title: "multi-assets: what is made of each other inside is one step, and what comes after it waits",
    assets: '+key:"refined/morning"',
    look: (ran) => {
      const made = ["refined/files", "refined/morning", "refined/summary", "refined/totals", "split/numbers"];
      expect(ran.materialized).toEqual(made);
      expect(ran.steps("STEP_SUCCESS")).toEqual(["refine", "refined__morning", "split__numbers"]);
      expect(ran.of("LOADED_INPUT").map(({ input, upstreamStep }) => [input, upstreamStep])).toEqual([
        ["numbers", "split__numbers"],
        ["summary", "refine"],
      ]);
    },
  },
  {
    title: "multi-assets: one level up of an inner asset is what it is made of inside",
    assets: '1+key:"refined/summary"',
    look: (ran) => expect(ran.materialized).toEqual(["refined/summary", "refined/totals", "split/numbers"]),
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
  {
    title: "checks of a multi-asset, and several checks in one step",
    assets: 'key:"audited/*"',
    look: (ran) => {
      const found = ran
        .of("ASSET_CHECK_EVALUATION")
        .map(({ asset, check, passed }) => [asset.join("/"), check, passed]);
      expect(found.sort()).toEqual([
        ["audited/north", "few_rows", true],
        ["audited/north", "not_empty", true],
        ["audited/south", "not_empty", false],
        ["audited/south", "same_length", false],
        ["audited/south", "sorted", true],
      ]);
      expect(ran.steps("STEP_SUCCESS")).toEqual(["audit", "regional"]);
    },
  },
  {
    title: "a part of a graph-backed multi-asset: only the steps that it needs",
    assets: 'key:"facts/first"',
    look: (ran) => {
      expect(ran.materialized).toEqual(["facts/first"]);
      expect(ran.steps("STEP_SUCCESS")).toEqual(["text_facts.initials", "text_facts.read_text"]);
    },
  },
  {
    title: "observable assets: seen, not made, and what comes after them",
    assets: "group:feeds",
    look: (ran) => {
      expect(ran.of("ASSET_OBSERVATION")[0]).toMatchObject({
        asset: ["feeds", "prices"],
        dataVersion: "2024-05-01",
        metadata: { rows: { value: 3 } },
      });
      expect(ran.materialized).toEqual(["feeds/report"]);
      expect(ran.of("ASSET_MATERIALIZATION_PLANNED").map(({ asset }) => asset.join("/"))).toEqual([
        "feeds/report",
      ]);
    },
  },
  {
    title: "observable assets with partitions",
    assets: 'key:"feeds/tills"',
    partition: "oslo",
    look: (ran) =>
      expect(ran.of("ASSET_OBSERVATION")[0]).toMatchObject({ partition: "oslo", dataVersion: "oslo-1" }),
  },
  {
    title: "an optional asset that is not made",
    assets: 'key:"sometimes/*"',
    look: (ran) => {
      expect(ran.materialized).toEqual([]);
      expect(ran.steps("STEP_SKIPPED")).toEqual(["sometimes__alert_mail"]);
    },
  },
  {
    title: "an optional asset that is made",
    assets: 'key:"sometimes/*"',
    runConfig: { ops: { sometimes__alerts: { config: { found: ["smoke"] } } } },
    look: (ran) => expect(ran.materialized).toEqual(["sometimes/alert_mail", "sometimes/alerts"]),
  },
] satisfies Case[];
