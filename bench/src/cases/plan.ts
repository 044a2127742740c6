/** Planning a job of 5,000 assets, and a run that fans out to 1,000 steps, both in this process; beside Dagster in one of its own. */
import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { dynamicOutput, executeInProcess, fsIoManager, input, job, op } from "@dagster-operator/sdk";
import { ASSET_JOB, DefinitionsSnapshot, planRun } from "@dagster-operator/sdk/internal";
import { dagsterBin, dagsterEnv, peerFile } from "../dagster.ts";
import assets from "../fixtures/assets.ts";
import { type Line, median } from "../line.ts";

const numbers = op("numbers", { outputs: dynamicOutput<number>() }, () =>
  Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`n${i}`, i])),
);
const plusOne = op("plus_one", { inputs: { x: input<number>() } }, ({ inputs }) => inputs.x + 1);
const total = op("total", { inputs: { xs: input<number[]>() } }, ({ inputs }) =>
  inputs.xs.reduce((sum, x) => sum + x, 0),
);
const fanOut = job("fan_out", () => {
  total({
    xs: numbers()
      .map((x) => plusOne({ x }))
      .collect(),
  });
});

/** As a control plane holds it: nothing is known of it from an earlier plan. */
const fresh = () => DefinitionsSnapshot.parse(assets.snapshot());

export async function run(): Promise<Line[]> {
  const plans: number[] = [];
  for (let i = 0; i < 7; i++) {
    const snapshot = fresh();
    const selected = snapshot.assets.map(({ key }) => key);
    const start = performance.now();
    planRun(snapshot, { job: ASSET_JOB, assets: selected });
    plans.push(performance.now() - start);
  }
  const runs: number[] = [];
  for (let i = 0; i < 5; i++) {
    // Values go to files, as they do in Dagster's in-process run with its default IO manager.
    const resources = { ioManager: fsIoManager({ folder: mkdtempSync(join(tmpdir(), "bench-fan-out-")) }) };
    const start = performance.now();
    await executeInProcess(fanOut, { resources });
    runs.push((performance.now() - start) / 1000);
  }
  const { stdout } = await promisify(execFile)(dagsterBin("python"), [peerFile("plan.py")], {
    env: dagsterEnv(),
    maxBuffer: 1 << 28,
  });
  const peer = JSON.parse(/MEASURED (.*)/.exec(stdout)?.[1] ?? "{}") as { plan: number; fan_out: number };
  return [
    {
      name: "plan a job of 5,000 assets",
      ours: median(plans),
      peer: { what: "Dagster", value: peer.plan * 1000 },
      goal: "≤ 100 ms",
      unit: "ms",
    },
    {
      name: "a fan-out to 1,000 steps in process",
      ours: median(runs),
      peer: { what: "Dagster", value: peer.fan_out },
      goal: "≤ 2 s",
      unit: "s",
    },
  ];
}
