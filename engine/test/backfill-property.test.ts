import {
  type AssetDefinition,
  asset,
  assetIn,
  Definitions,
  dailyPartitions,
  staticPartitions,
  weeklyPartitions,
} from "@dagster-operator/sdk";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { assetGraph } from "../src/backfill/asset-graph.ts";
import { foldRuns } from "../src/backfill/fold-runs.ts";
import { nextRuns } from "../src/backfill/next-runs.ts";
import { planBackfill } from "../src/backfill/plan.ts";
import { waitingStates } from "../src/backfill/states.ts";
import { assetTargets } from "../src/backfill/targets.ts";
import type { BackfillRun } from "../src/index.ts";
import { MemoryWorkspace, present } from "../src/testing/index.ts";

const at = { now: Date.parse("2026-03-20T00:00:00Z"), dynamic: () => [] };
const DEFS = [
  dailyPartitions({ start: "2026-03-01" }),
  weeklyPartitions({ start: "2026-02-22" }),
  staticPartitions(["north", "south"]),
  undefined,
];

/** Assets a0, a1, …: of which partitions, with which policy, downstream of which earlier ones, shifted by how much. */
const someAssets = fc.array(
  fc.record({
    partitions: fc.constantFrom(0, 0, 0, 1, 2, 3),
    policy: fc.constantFrom(undefined, undefined, 2, 3, null),
    upstream: fc.array(fc.record({ of: fc.nat(5), offset: fc.constantFrom(0, 0, -1) }), { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 6 },
);

function definitionsOf(specs: typeof someAssets extends fc.Arbitrary<infer T> ? T : never): Definitions {
  const assets: AssetDefinition[] = [];
  for (const [index, { partitions, policy, upstream }] of specs.entries()) {
    const inputs = Object.fromEntries(
      upstream
        .filter(({ of }) => of < index)
        .map(({ of, offset }) => {
          const [mine, theirs] = [partitions, specs[of]?.partitions];
          const timed = mine < 2 && theirs !== undefined && theirs < 2;
          const mapping =
            timed && offset !== 0
              ? ({ kind: "time_window", startOffset: offset, endOffset: offset } as const)
              : mine === 3 || theirs === 3 || timed || mine === theirs
                ? undefined
                : ({ kind: "all" } as const);
          return [`in${of}`, assetIn(assets[of] as AssetDefinition, mapping ? { mapping } : {})];
        }),
    );
    assets.push(
      asset(
        `a${index}`,
        {
          inputs,
          ...(DEFS[partitions] === undefined ? {} : { partitions: DEFS[partitions] }),
          ...(policy === undefined ? {} : { backfillPolicy: { maxPartitionsPerRun: policy } }),
        },
        () => 1,
      ) as AssetDefinition,
    );
  }
  return new Definitions({ assets });
}

test("whatever fails, every partition is asked for at most once, after what it needs, and the backfill comes to an end", () => {
  fc.assert(
    fc.property(
      someAssets,
      fc.array(fc.constantFrom("SUCCESS", "SUCCESS", "SUCCESS", "FAILURE"), { minLength: 1, maxLength: 40 }),
      (specs, outcomes) => {
        const workspace = new MemoryWorkspace();
        workspace.set("shop", definitionsOf(specs));
        const graph = assetGraph(workspace.list());
        const assets = specs.map((_, index) => [`a${index}`]);
        fc.pre(specs.some(({ partitions }) => partitions !== 3));
        const plan = planBackfill(assetTargets(graph, assets, { all: true }, at), graph, at);
        let states = waitingStates(plan.targets);
        const runs: BackfillRun[] = [];
        const asked = new Set<string>();
        let ended = 0;
        for (let round = 0; round < 1000; round++) {
          const letters = foldRuns(plan, states, runs);
          for (const { location, assets: made, partition, cells } of nextRuns(plan, letters, at)) {
            const mine = new Set(cells.map(({ place, index }) => `${place} ${index}`));
            for (const { place, index } of cells) {
              expect(asked.has(`${place} ${index}`)).toBe(false);
              asked.add(`${place} ${index}`);
              for (const { upstream, needs } of present(plan.targets[place]).edges)
                for (const need of needs(index))
                  expect([letters[upstream]?.[need], mine.has(`${upstream} ${need}`)]).toEqual(
                    letters[upstream]?.[need] === "D" ? ["D", expect.anything()] : ["W", true],
                  );
            }
            for (const { place, index } of cells) present(letters[place])[index] = "R";
            runs.push({
              runId: String(runs.length),
              location,
              status: "QUEUED",
              willRetry: false,
              assets: made,
              partition,
              exceptions: [],
            });
            const most = Math.max(...cells.map(({ place }) => present(plan.targets[place]).most));
            expect(new Set(cells.map(({ index }) => index)).size).toBeLessThanOrEqual(most);
          }
          states = letters.map((row) => row.join(""));
          // Nothing is lost by stopping here: what is stored and the runs give the same again.
          expect(foldRuns(plan, states, runs)).toEqual(letters);
          const run = runs.findLast(({ status }) => status === "QUEUED");
          if (!run) break;
          run.status = outcomes[ended++ % outcomes.length] as "SUCCESS";
        }
        for (const [place, text] of states.entries())
          for (const [index, letter] of [...text].entries()) {
            expect("DFS").toContain(letter);
            const needs = present(plan.targets[place]).edges.flatMap((edge) =>
              edge.needs(index).map((need) => states[edge.upstream]?.[need]),
            );
            expect(letter === "S").toBe(!asked.has(`${place} ${index}`));
            if (letter === "S") expect(needs.some((need) => need === "F" || need === "S")).toBe(true);
          }
      },
    ),
    { numRuns: 300 },
  );
});
