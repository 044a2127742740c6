import { describe, expect, test } from "@jest/globals";
import { planRun } from "../src/execution/plan.ts";
import { ASSET_JOB } from "../src/model/definitions.ts";
import { assets, edges, problems, step } from "./read-plan.ts";
import { asset, check, from, graph, op, snapshot } from "./snapshot-builder.ts";

describe("jobs of assets", () => {
  const defs = snapshot({
    assets: [
      asset("raw/orders"),
      asset("customers"),
      asset("revenue", ["raw/orders", "~customers"]),
      asset("report", ["revenue"]),
      asset("outside", [], { kind: "external", node: null }),
    ],
    jobs: [{ name: "some", target: { kind: "assets", assets: [["revenue"], ["report"]] } }],
  });

  test("dependencies inside the selection are edges, those outside are loaded as assets", () => {
    expect(edges(planRun(defs, { job: ASSET_JOB }))).toEqual({
      customers: [],
      raw__orders: [],
      revenue: ["customers", "raw__orders"],
      report: ["revenue"],
    });
    const part = planRun(defs, { job: "some" });
    expect(edges(part)).toEqual({ revenue: [], report: ["revenue"] });
    expect(step(part, "revenue").inputs).toEqual({ orders: { kind: "asset", key: ["raw", "orders"] } });
    expect(step(part, "revenue").after).toEqual([]);
  });

  test("every problem of a selection is told at once", () => {
    expect(problems(defs, { job: "some", assets: [["revnue"], ["customers"]] })).toEqual([
      "there is no asset revnue — did you mean revenue?",
      "asset customers is not part of job some",
    ]);
    expect(problems(defs, { assets: [["outside"]] })[0]).toMatch(/outside is external/);
    expect(problems(defs, { assets: [["orders"]] })).toEqual([
      "there is no asset orders — did you mean raw/orders?",
    ]);
    expect(problems(defs, { checks: [{ asset: ["revenue"], name: "fresh" }] })).toEqual([
      "asset revenue has no check fresh",
    ]);
  });

  test("a step subset reads excluded assets as stored assets", () => {
    const plan = planRun(defs, { job: ASSET_JOB, steps: ["report"] });
    expect(edges(plan)).toEqual({ report: [] });
    expect(step(plan, "report").inputs).toEqual({ revenue: { kind: "asset", key: ["revenue"] } });
    expect(plan.stored).toEqual([]);
    expect(problems(defs, { steps: ["rport"] })).toEqual(["there is no step rport — did you mean report?"]);
  });

  test("a cycle between assets is named", () => {
    expect(
      problems(snapshot({ assets: [asset("a", ["c"]), asset("b", ["a"]), asset("c", ["b"])] }), {}),
    ).toEqual(["the steps wait for each other in a cycle: a → b → c → a"]);
  });
});

describe("multi-assets and graph-backed assets", () => {
  const multi = (canSubset: boolean) =>
    snapshot({
      nodes: [op("both", { inputs: ["src"], outputs: [{ name: "x" }, { name: "y" }] })],
      assets: [
        asset("src"),
        asset("x", ["src"], { node: "both", output: "x", canSubset }),
        asset("y", ["~x"], { node: "both", output: "y", canSubset }),
        asset("after_y", ["y"]),
      ],
    });

  test("a multi-asset is one step with an output for each selected asset", () => {
    const plan = planRun(multi(false), { job: ASSET_JOB });
    expect(edges(plan)).toEqual({ src: [], both: ["src"], after_y: ["both"] });
    expect(step(plan, "both").outputs.map((o) => o.asset)).toEqual([["x"], ["y"]]);
    expect(step(plan, "after_y").inputs).toEqual({ y: { kind: "step", step: "both", output: "y" } });
  });

  test("a part of it is planned only with canSubset, and then still has its inputs", () => {
    expect(problems(multi(false), { assets: [["y"]] })).toEqual([
      "y cannot be computed without x (both makes them together and has canSubset off): select all of them",
    ]);
    const plan = planRun(multi(true), { job: ASSET_JOB, assets: [["y"]] });
    expect(step(plan, "both").outputs.map((o) => o.name)).toEqual(["y"]);
    expect(step(plan, "both").inputs).toEqual({ src: { kind: "asset", key: ["src"] } });
  });

  const graphBacked = snapshot({
    nodes: [
      op("fetch", { inputs: ["source"] }),
      op("side"),
      op("store", { inputs: ["rows"] }),
      graph(
        "table",
        {
          fetch: { inputs: { source: { kind: "graph_input", name: "src" } } },
          store: { inputs: { rows: from("fetch") } },
          side: {},
        },
        {
          inputs: [{ name: "src" }],
          outputs: [
            { name: "result", node: "store", output: "result" },
            { name: "extra", node: "side", output: "result" },
          ],
        },
      ),
    ],
    assets: [
      asset("src"),
      asset("gate"),
      asset("table", ["src", "~gate"], { canSubset: true }),
      asset("extra", [], { node: "table", output: "extra", canSubset: true }),
      asset("user", ["table"]),
    ],
  });

  test("a graph-backed asset is several steps, and the asset is the output that the graph maps", () => {
    const plan = planRun(graphBacked, { job: ASSET_JOB });
    expect(edges(plan)).toEqual({
      gate: [],
      src: [],
      "table.fetch": ["gate", "src"],
      "table.side": ["gate"],
      "table.store": ["table.fetch"],
      user: ["table.store"],
    });
    expect(step(plan, "table.store").outputs[0]?.asset).toEqual(["table"]);
    expect(step(plan, "table.fetch").outputs[0]?.asset).toBeUndefined();
  });

  test("of a subset only the steps that it needs run", () => {
    expect(Object.keys(edges(planRun(graphBacked, { job: ASSET_JOB, assets: [["extra"]] })))).toEqual([
      "table.side",
    ]);
    expect(assets(planRun(graphBacked, { job: ASSET_JOB, assets: [["table"], ["user"]] }))).toEqual([
      "table",
      "user",
    ]);
  });
});

describe("asset checks", () => {
  const defs = (blocking: boolean) =>
    snapshot({
      nodes: [op("a", { outputs: [{}, { name: "inline" }] })],
      assets: [asset("a"), asset("b", ["a"]), asset("c", ["~b"])],
      checks: [
        check("a", "inline", { node: "a", output: "inline" }),
        check("a", "rows", { blocking }),
        check("b", "rows"),
      ],
    });

  test("a check in the asset's own op is part of its step, another is a step behind it", () => {
    const plan = planRun(defs(false), { job: ASSET_JOB });
    expect(edges(plan)).toEqual({ a: [], a__rows: ["a"], b: ["a"], b__rows: ["b"], c: ["b"] });
    expect(step(plan, "a").checks).toEqual([
      { asset: ["a"], name: "inline", output: "inline", blocking: false },
    ]);
    expect(step(plan, "a").outputs.map((o) => o.name)).toEqual(["result"]);
    expect(step(plan, "a__rows").inputs).toEqual({ value: { kind: "step", step: "a", output: "result" } });
  });

  test("what uses an asset waits for its blocking checks", () => {
    const plan = planRun(defs(true), { job: ASSET_JOB });
    expect(step(plan, "b")).toMatchObject({ upstream: ["a", "a__rows"], gatedBy: [["a"]] });
    expect(step(plan, "a__rows").gatedBy).toEqual([]);
    expect(step(plan, "c").gatedBy).toEqual([]);
  });

  test("checks alone load the stored asset; a check inside its asset's op needs the asset", () => {
    const plan = planRun(defs(true), { job: ASSET_JOB, checks: [{ asset: ["a"], name: "rows" }] });
    expect(plan.steps.map((s) => [s.key, s.inputs])).toEqual([
      ["a__rows", { value: { kind: "asset", key: ["a"] } }],
    ]);
    expect(problems(defs(true), { checks: [{ asset: ["a"], name: "inline" }] })).toEqual([
      "check inline is computed together with its asset: select a too",
    ]);
  });

  test("checks that are not selected are left out", () => {
    const plan = planRun(defs(true), {
      job: ASSET_JOB,
      assets: [["a"], ["b"]],
      checks: [{ asset: ["b"], name: "rows" }],
    });
    expect(edges(plan)).toEqual({ a: [], b: ["a"], b__rows: ["b"] });
    expect(step(plan, "a").checks).toEqual([]);
  });
});
