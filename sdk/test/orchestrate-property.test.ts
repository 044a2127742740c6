import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { orchestrate } from "../src/execution/orchestrate.ts";
import { planRun } from "../src/execution/plan.ts";
import type { InputSource } from "../src/model/definitions.ts";
import type { RunEvent } from "../src/model/event.ts";
import { runContext, type Script, ScriptedLauncher } from "./scripted-launcher.ts";
import { fanIn, from, graph, op, snapshot } from "./snapshot-builder.ts";

type Behaviour = "yields" | "omits" | "fails" | "rejects";
interface Node {
  behaviour: Behaviour;
  single: number[];
  fan: number[];
  order: number[];
  /** Microtask turns that the step takes. */
  turns: number;
}
type End = "SUCCESS" | "FAILURE" | "SKIPPED";

const nodes: fc.Arbitrary<Node[]> = fc.integer({ min: 1, max: 24 }).chain((size) =>
  fc.tuple(
    ...Array.from({ length: size }, (_, i) => {
      const earlier: fc.Arbitrary<number[]> =
        i === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat({ max: i - 1 }), { maxLength: 3 });
      const behaviour = fc.constantFrom<Behaviour>("yields", "yields", "yields", "omits", "fails", "rejects");
      return fc.record({
        behaviour,
        single: earlier,
        fan: earlier,
        order: earlier,
        turns: fc.nat({ max: 4 }),
      });
    }),
  ),
);
const name = (i: number) => `n${i}`;

/** Says how each step must end, by the rules alone. */
function reference(all: Node[]): { end: End; abandoned: boolean; yielded: boolean }[] {
  const ends: { end: End; abandoned: boolean; yielded: boolean }[] = [];
  for (const node of all) {
    const at = (i: number) => ends[i] ?? { end: "FAILURE" as const, abandoned: true, yielded: false };
    const upstream = [...node.single, ...node.fan, ...node.order].map(at);
    if (upstream.some((u) => u.end === "FAILURE" || u.abandoned))
      ends.push({ end: "SKIPPED", abandoned: true, yielded: false });
    else if (
      [...node.single, ...node.order].some((i) => !at(i).yielded) ||
      (node.fan.length > 0 && node.fan.every((i) => !at(i).yielded))
    )
      ends.push({ end: "SKIPPED", abandoned: false, yielded: false });
    else if (node.behaviour === "yields" || node.behaviour === "omits")
      ends.push({ end: "SUCCESS", abandoned: false, yielded: node.behaviour === "yields" });
    else ends.push({ end: "FAILURE", abandoned: false, yielded: false });
  }
  return ends;
}

test("of any graph every step ends exactly once, as the rules say, and starts only after its upstream has ended", async () => {
  await fc.assert(
    fc.asyncProperty(nodes, fc.integer({ min: 1, max: 5 }), async (all, maxConcurrent) => {
      const defs = snapshot({
        nodes: [
          ...all.map((node, i) =>
            op(name(i), {
              inputs: [
                ...node.single.map((u) => `s${u}`),
                ...(node.fan.length > 0 ? ["fan"] : []),
                ...node.order.map((u) => ({ name: `o${u}`, nothing: true })),
              ],
              outputs: [{ required: false }],
            }),
          ),
          graph(
            "main",
            Object.fromEntries(
              all.map((node, i) => {
                const inputs: Record<string, InputSource> = {};
                for (const u of node.single) inputs[`s${u}`] = from(name(u));
                for (const u of node.order) inputs[`o${u}`] = from(name(u));
                if (node.fan.length > 0) inputs.fan = fanIn(...node.fan.map((u) => from(name(u))));
                return [name(i), { inputs }];
              }),
            ),
          ),
        ],
        jobs: [{}],
      });
      const plan = planRun(defs, { job: "job" });
      const log: string[] = [];
      const script: Script = {};
      for (const [i, node] of all.entries()) {
        script[name(i)] = async () => {
          log.push(`start ${name(i)}`);
          for (let turn = 0; turn < node.turns; turn++) await null;
          if (node.behaviour === "fails")
            return { kind: "failure", error: { name: "E", message: "m" }, retryable: true };
          if (node.behaviour === "rejects") return new Error("broken launcher");
          return node.behaviour === "omits" ? { outputs: [] } : {};
        };
      }
      const launcher = new ScriptedLauncher(plan, script, maxConcurrent);
      const ends: Record<string, End[]> = {};
      const emit = (event: RunEvent) => {
        const end = /^STEP_(SUCCESS|FAILURE|SKIPPED)$/.exec(event.type)?.[1] as End | undefined;
        if (end === undefined || event.stepKey === undefined) return;
        ends[event.stepKey] = [...(ends[event.stepKey] ?? []), end];
        log.push(`end ${event.stepKey}`);
      };
      const outcome = await orchestrate({
        plan,
        run: runContext(),
        launcher,
        emit,
        signal: new AbortController().signal,
      });

      const expected = reference(all);
      expect(ends).toEqual(Object.fromEntries(expected.map((e, i) => [name(i), [e.end]])));
      expect(outcome).toBe(expected.some((e) => e.end === "FAILURE") ? "FAILURE" : "SUCCESS");
      expect(launcher.mostRunning).toBeLessThanOrEqual(maxConcurrent);
      for (const step of plan.steps) {
        const start = log.indexOf(`start ${step.key}`);
        if (start < 0) continue;
        for (const upstream of step.upstream) expect(log.indexOf(`end ${upstream}`)).toBeLessThan(start);
      }
    }),
    { numRuns: 300 },
  );
});

test("canceled at any moment, the run ends CANCELED or as it was, with nothing left running", async () => {
  await fc.assert(
    fc.asyncProperty(nodes, fc.nat({ max: 30 }), async (all, when) => {
      const defs = snapshot({
        nodes: [
          op("x", { inputs: ["a"] }),
          graph(
            "main",
            Object.fromEntries(
              all.map((node, i) => [
                name(i),
                {
                  def: "x",
                  ...(node.single[0] !== undefined && { inputs: { a: from(name(node.single[0])) } }),
                },
              ]),
            ),
          ),
        ],
        jobs: [{}],
      });
      const plan = planRun(defs, { job: "job" });
      const controller = new AbortController();
      let turns = 0;
      const launcher = new ScriptedLauncher(
        plan,
        Object.fromEntries(
          plan.steps.map((step) => [
            step.key,
            async (_request, signal) => {
              if (turns++ === when) controller.abort();
              await null;
              return signal.aborted ? { kind: "canceled" } : {};
            },
          ]),
        ),
      );
      const last: string[] = [];
      const outcome = await orchestrate({
        plan,
        run: runContext(),
        launcher,
        emit: (event) => last.push(event.type),
        signal: controller.signal,
      });
      expect(outcome).toBe(when < all.length ? "CANCELED" : "SUCCESS");
      expect(last.at(-1)).toBe(`RUN_${outcome}`);
      expect(launcher.running).toBe(0);
    }),
    { numRuns: 100 },
  );
});
