import { describe, expect, test } from "@jest/globals";
import { type Plan, PlanError, planRun, type RunTarget } from "../src/execution/plan.ts";
import { ASSET_JOB, DefinitionsSnapshot } from "../src/model/definitions.ts";
import { asset, check, collect, fanIn, from, graph, op, snapshot } from "./snapshot-builder.ts";

const edges = (plan: Plan) => Object.fromEntries(plan.steps.map((step) => [step.key, step.upstream]));
const step = (plan: Plan, key: string) => {
  const found = [...plan.steps, ...plan.stored].find((s) => s.key === key);
  if (!found) throw new Error(`no step ${key} in ${plan.steps.map((s) => s.key).join()}`);
  return found;
};
const assets = (plan: Plan) =>
  plan.steps.flatMap((s) => s.outputs.flatMap((o) => (o.asset ? [o.asset.join("/")] : [])));
const problems = (defs: DefinitionsSnapshot, target: Partial<RunTarget>) => {
  try {
    planRun(defs, { job: ASSET_JOB, ...target });
  } catch (error) {
    if (error instanceof PlanError) return error.problems;
    throw error;
  }
  return [];
};

describe("jobs of ops", () => {
  const nested = snapshot({
    nodes: [
      op("load"),
      op("clean", { inputs: ["rows", { name: "after", nothing: true }] }),
      op("report", { inputs: ["rows", "style"] }),
      graph(
        "inner",
        {
          clean: { inputs: { rows: { kind: "graph_input", name: "rows" }, after: from("first") } },
          first: { def: "load" },
        },
        { inputs: [{ name: "rows" }], outputs: [{ name: "result", node: "clean", output: "result" }] },
      ),
      graph(
        "outer",
        { inner: { inputs: { rows: { kind: "graph_input", name: "rows" } } } },
        { inputs: [{ name: "rows" }], outputs: [{ name: "result", node: "inner", output: "result" }] },
      ),
      graph("main", {
        report: { inputs: { rows: from("outer") } },
        load: {},
        outer: { inputs: { rows: from("load") } },
      }),
    ],
    jobs: [{}],
  });

  test("graphs within graphs become steps named by their path, and their inputs and outputs are followed", () => {
    const plan = planRun(nested, { job: "job" });
    expect(edges(plan)).toEqual({
      load: [],
      "outer.inner.first": [],
      "outer.inner.clean": ["load", "outer.inner.first"],
      report: ["outer.inner.clean"],
    });
    expect(step(plan, "report").inputs).toEqual({
      rows: { kind: "step", step: "outer.inner.clean", output: "result" },
    });
  });

  test("a nothing input orders steps and is not loaded; an unconnected one has no entry", () => {
    const plan = planRun(nested, { job: "job" });
    expect(step(plan, "outer.inner.clean").inputs).toEqual({
      rows: { kind: "step", step: "load", output: "result" },
    });
    expect(step(plan, "outer.inner.clean").after).toEqual([
      { kind: "step", step: "outer.inner.first", output: "result" },
    ]);
    expect(Object.keys(step(plan, "report").inputs)).toEqual(["rows"]);
  });

  test("order is topological and, where it is free, by key", () => {
    const shuffled = snapshot({
      nodes: [op("x"), graph("main", { c: { def: "x" }, a: { def: "x" }, b: { def: "x" } })],
      jobs: [{}],
    });
    expect(planRun(shuffled, { job: "job" }).steps.map((s) => s.key)).toEqual(["a", "b", "c"]);
  });

  test("retry policy and tags come from op, node and job", () => {
    const policy = { maxRetries: 2, delay: 0, backoff: "constant", jitter: "none" } as const;
    const defs = snapshot({
      nodes: [
        op("own", { retryPolicy: { ...policy, maxRetries: 5 }, pool: "db", tags: { a: "1" } }),
        op("other"),
        graph("main", { own: {}, other: {} }),
      ],
      jobs: [{ retryPolicy: policy }],
    });
    const plan = planRun(defs, { job: "job" });
    expect(step(plan, "own").retryPolicy?.maxRetries).toBe(5);
    expect(step(plan, "other").retryPolicy?.maxRetries).toBe(2);
    expect(step(plan, "own")).toMatchObject({ pool: "db", tags: { a: "1" } });
  });

  test("unknown jobs, nodes, inputs and recursive graphs are refused by name, with the nearest one", () => {
    expect(problems(nested, { job: "jbo" })).toEqual(["there is no job jbo — did you mean job?"]);
    const bad = (nodes: DefinitionsSnapshot["nodes"]) =>
      problems(snapshot({ nodes, jobs: [{}] }), { job: "job" });
    expect(bad([op("load"), graph("main", { a: { def: "laod" } })])).toEqual([
      "graph main needs the op or graph laod, which is not defined — did you mean load?",
    ]);
    expect(
      bad([op("load", { inputs: ["rows"] }), graph("main", { load: { inputs: { row: from("load") } } })]),
    ).toEqual(["op load (step load) has no input row — did you mean rows?"]);
    expect(bad([graph("main", { again: { def: "main" } })])).toEqual([
      "graph main contains itself: main → main",
    ]);
    expect(
      bad([
        op("x", { inputs: ["i"] }),
        graph("main", {
          a: { def: "x", inputs: { i: from("c") } },
          b: { def: "x", inputs: { i: from("a") } },
          c: { def: "x", inputs: { i: from("b") } },
        }),
      ]),
    ).toEqual(["the steps wait for each other in a cycle: a → b → c → a"]);
    expect(problems(nested, { job: "job", assets: [["a"]] })[0]).toMatch(/made of ops and has no assets/);
  });
});

describe("dynamic outputs", () => {
  const nodes = [
    op("split", { outputs: [{ name: "part", dynamic: true }] }),
    op("work", { inputs: ["x"] }),
    op("merge", { inputs: ["xs"] }),
    graph("main", {
      split: {},
      first: {
        def: "work",
        inputs: { x: from("split", "part") },
        mapOver: { node: "split", output: "part" },
      },
      second: { def: "work", inputs: { x: from("first") } },
      merge: { inputs: { xs: collect("second") } },
    }),
  ];
  const defs = snapshot({ nodes, jobs: [{}] });

  test("steps behind a dynamic output are templates over it, however long the chain, and collect ends that", () => {
    const plan = planRun(defs, { job: "job" });
    expect(plan.steps.map((s) => [s.key, s.mapOver?.step])).toEqual([
      ["split", undefined],
      ["first", "split"],
      ["second", "split"],
      ["merge", undefined],
    ]);
    expect(step(plan, "merge").inputs).toEqual({ xs: { kind: "collect", step: "second", output: "result" } });
  });

  test("re-executing one copy keeps the rest as stored", () => {
    const plan = planRun(defs, { job: "job", steps: ["second[b]", "merge"] });
    expect(plan.steps.map((s) => [s.key, s.copies, s.upstream])).toEqual([
      ["second", ["b"], []],
      ["merge", undefined, ["second"]],
    ]);
    expect(plan.stored.map((s) => [s.key, s.mapOver?.step])).toEqual([["first", "split"]]);
    expect(
      step(planRun(defs, { job: "job", steps: ["split", "second[b]"] }), "second").copies,
    ).toBeUndefined();
  });

  test("mapping over two outputs, nesting, and collecting what is not dynamic are refused", () => {
    const bad = (main: Parameters<typeof graph>[1]) =>
      problems(
        snapshot({
          nodes: [
            ...nodes.slice(0, 3),
            op("join", { inputs: ["x", "y"] }),
            op("again", { inputs: ["x"], outputs: [{ dynamic: true }] }),
            graph("main", main),
          ],
          jobs: [{}],
        }),
        { job: "job" },
      );
    expect(
      bad({
        a: { def: "split" },
        b: { def: "split" },
        join: { inputs: { x: from("a", "part"), y: from("b", "part") } },
      })[0],
    ).toMatch(/mapped over both a.part and b.part/);
    expect(bad({ split: {}, again: { inputs: { x: from("split", "part") } } })[0]).toMatch(
      /cannot be nested/,
    );
    expect(bad({ work: {}, merge: { inputs: { xs: collect("work") } } })[0]).toMatch(
      /neither dynamic nor mapped/,
    );
  });
});

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

test("a fan-in of several outputs waits for all of them", () => {
  const defs = snapshot({
    nodes: [
      op("x"),
      op("sum", { inputs: ["xs"] }),
      graph("main", {
        a: { def: "x" },
        b: { def: "x" },
        sum: { inputs: { xs: fanIn(from("a"), from("b")) } },
      }),
    ],
    jobs: [{}],
  });
  expect(step(planRun(defs, { job: "job" }), "sum")).toMatchObject({ upstream: ["a", "b"] });
});

test("the builder's snapshots are valid, and planning leaves them as they were", () => {
  const defs = snapshot({
    assets: [asset("a"), asset("b", ["a"])],
    checks: [check("a", "c", { blocking: true })],
  });
  const before = structuredClone(defs);
  const first = planRun(defs, { job: ASSET_JOB });
  expect(planRun(defs, { job: ASSET_JOB })).toEqual(first);
  expect(defs).toEqual(before);
  expect(DefinitionsSnapshot.parse(defs)).toEqual(defs);
});
