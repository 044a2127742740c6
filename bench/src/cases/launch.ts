/** From submitting a run, and from the tick of a sensor that requests one, to the first event of its worker: one run after the other. */
import { setTimeout as sleep } from "node:timers/promises";
import { format } from "node:util";
import { type Line, quantile } from "../line.ts";
import { fixture, locationLoaded, startSystem, until } from "../system.ts";

interface RunTimes {
  status: string;
  creationTime: number;
  startTime: number;
}

const ENDED = new Set(["SUCCESS", "FAILURE", "CANCELED"]);
const RUNS = 30;
const REQUESTS = 20;
const SETTLED_MS = 5_000;
const LAUNCH = `mutation ($params: ExecutionParams!) {
  launchRun(executionParams: $params) { ... on LaunchRunSuccess { run { runId } } }
}`;
const RUN =
  "query ($runId: ID!) { runOrError(runId: $runId) { ... on Run { status creationTime startTime } } }";
const START =
  "mutation ($sensorSelector: SensorSelector!) { startSensor(sensorSelector: $sensorSelector) { __typename } }";
const TICKS = `query ($sensorSelector: SensorSelector!) {
  sensorOrError(sensorSelector: $sensorSelector) {
    ... on Sensor { sensorState { ticks(limit: 200) { timestamp runs { status creationTime startTime } } } }
  }
}`;

/** Seconds from submitting to starting, of each run. */
async function submitted(): Promise<number[]> {
  const system = await startSystem(fixture("chain.ts"));
  try {
    const location = await locationLoaded(system);
    const selector = {
      repositoryLocationName: location,
      repositoryName: "__repository__",
      pipelineName: "empty",
    };
    const seconds: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      const { launchRun } = await system.graphql<{ launchRun: { run?: { runId: string } } }>(LAUNCH, {
        params: { selector, runConfigData: {} },
      });
      if (!launchRun.run) throw new Error(`the run was not launched: ${format("%j", launchRun)}`);
      const { runId } = launchRun.run;
      let ended: RunTimes | null = null;
      await until(
        async () => {
          const { runOrError } = await system.graphql<{ runOrError: RunTimes }>(RUN, { runId });
          ended = ENDED.has(runOrError.status) ? runOrError : null;
          return ended !== null;
        },
        { everyMs: 50 },
      );
      const { status, creationTime, startTime } = ended as unknown as RunTimes;
      if (status !== "SUCCESS") throw new Error(`run ${runId} ended as ${status}`);
      seconds.push(startTime - creationTime);
    }
    return seconds;
  } finally {
    await system.close();
  }
}

/** Seconds from when the tick began, before user code was asked, to when its run started. */
async function requested(): Promise<number[]> {
  const system = await startSystem(fixture("requesting.ts"), { REQUESTS: String(REQUESTS) });
  try {
    const sensorSelector = {
      repositoryLocationName: await locationLoaded(system),
      repositoryName: "__repository__",
      sensorName: "requesting",
    };
    // What starts with the system is over by then.
    await sleep(SETTLED_MS);
    await system.graphql(START, { sensorSelector });
    let ended: { timestamp: number; runs: RunTimes[] }[] = [];
    await until(
      async () => {
        const { sensorOrError } = await system.graphql<{
          sensorOrError: { sensorState: { ticks: typeof ended } };
        }>(TICKS, { sensorSelector });
        ended = sensorOrError.sensorState.ticks.filter(({ runs }) =>
          runs.some(({ status }) => ENDED.has(status)),
        );
        return ended.length >= REQUESTS;
      },
      { everyMs: 500, timeoutMs: 300_000 },
    );
    return ended.flatMap(({ timestamp, runs }) => runs.map(({ startTime }) => startTime - timestamp));
  } finally {
    await system.close();
  }
}

export async function run(): Promise<Line[]> {
  const all = [
    { what: "submit to the worker's first event", seconds: await submitted() },
    { what: "a sensor's tick to the first event of the worker it requested", seconds: await requested() },
  ];
  return all.flatMap(({ what, seconds }) => [
    { name: `${what}, p50 of ${seconds.length}`, ours: quantile(seconds, 0.5), unit: "s" },
    { name: `${what}, p99 of ${seconds.length}`, ours: quantile(seconds, 0.99), goal: "≤ 1 s", unit: "s" },
  ]);
}
