import { describe, expect, test } from "@jest/globals";
import { planRun } from "../src/execution/plan.ts";
import { ASSET_JOB, DefinitionsSnapshot } from "../src/model/definitions.ts";
import { edges, problems, step } from "./read-plan.ts";
import { asset, check, collect, fanIn, from, graph, op, snapshot } from "./snapshot-builder.ts";

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
