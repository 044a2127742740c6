/** What a step costs: an empty job from the command line, 500 chained ops in one process, 20 in a process each. */
import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { peerFile, timePeer } from "../dagster.ts";
import { type Line, median } from "../line.ts";
import { type BenchSystem, dagsterctl, fixture, locationLoaded, startSystem } from "../system.ts";

const run_ = promisify(execFile);
const definitions = fixture("chain.ts");

async function seconds(system: BenchSystem, job: string, config: string): Promise<number> {
  const args = [
    "job",
    "launch",
    job,
    "--wait",
    "--url",
    system.url,
    "--output",
    "json",
    "--config-json",
    config,
  ];
  const { stdout } = await run_(process.execPath, [dagsterctl, ...args], { maxBuffer: 1 << 28 });
  const [runId] = stdout.match(/[0-9a-f]{8}-[0-9a-f-]{27}/) ?? [];
  const { runOrError } = await system.graphql<{
    runOrError: { status: string; startTime: number; endTime: number };
  }>("query ($runId: ID!) { runOrError(runId: $runId) { ... on Run { status startTime endTime } } }", {
    runId,
  });
  if (runOrError.status !== "SUCCESS")
    throw new Error(`run ${runId} of ${job} ended as ${runOrError.status}`);
  return runOrError.endTime - runOrError.startTime;
}

async function cli(system: BenchSystem): Promise<number> {
  const start = performance.now();
  await seconds(system, "empty", "{}");
  return (performance.now() - start) / 1000;
}

const times = async (n: number, measure: () => Promise<number>) => {
  const values: number[] = [];
  for (let i = 0; i < n; i++) values.push(await measure());
  return median(values);
};

export async function run(): Promise<Line[]> {
  const system = await startSystem(definitions);
  try {
    await locationLoaded(system);
    const empty = await times(5, () => cli(system));
    const inProcess = await times(5, () =>
      seconds(system, "in_process_500", '{"execution":{"config":{"in_process":{}}}}'),
    );
    const multiprocess = await times(3, () =>
      seconds(system, "multiprocess_20", '{"execution":{"config":{"multiprocess":{"max_concurrent":2}}}}'),
    );
    const alone = await times(3, async () => {
      const start = performance.now();
      const storage = mkdtempSync(join(tmpdir(), "bench-cli-"));
      await run_(process.execPath, [
        dagsterctl,
        "job",
        "launch",
        "empty",
        "-f",
        definitions,
        "--wait",
        "--storage",
        storage,
      ]);
      return (performance.now() - start) / 1000;
    });
    const peer = (job: string) =>
      timePeer("dagster", ["job", "execute", "-f", peerFile("chain.py"), "-j", job]);
    const peerEmpty = await times(3, () => peer("empty"));
    const peerInProcess = ((await peer("in_process_500")) - peerEmpty) / 499;
    const peerMultiprocess = ((await peer("multiprocess_20")) - peerEmpty) / 20;
    const dagster = (value: number) => ({ what: "Dagster", value });
    return [
      {
        name: "empty job by CLI, system running",
        ours: empty,
        peer: dagster(peerEmpty),
        goal: "< 1 ×",
        unit: "s",
      },
      {
        name: "empty job by CLI, nothing running",
        ours: alone,
        peer: dagster(peerEmpty),
        goal: "< 1 ×",
        unit: "s",
      },
      {
        name: "an op, 500 chained in process",
        ours: (inProcess * 1000) / 500,
        peer: dagster(peerInProcess * 1000),
        goal: "≤ 1 ms",
        unit: "ms",
      },
      {
        name: "a step, 20 chained multiprocess",
        ours: (multiprocess * 1000) / 20,
        peer: dagster(peerMultiprocess * 1000),
        goal: "≤ 50 ms",
        unit: "ms",
      },
    ];
  } finally {
    await system.close();
  }
}
