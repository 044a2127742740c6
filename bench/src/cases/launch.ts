/** From submitting a run to the first event of its worker, one run after the other on a quiet system. */
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
const LAUNCH = `mutation ($params: ExecutionParams!) {
  launchRun(executionParams: $params) { ... on LaunchRunSuccess { run { runId } } }
}`;
const RUN =
  "query ($runId: ID!) { runOrError(runId: $runId) { ... on Run { status creationTime startTime } } }";

export async function run(): Promise<Line[]> {
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
    return [
      { name: "submit to the worker's first event, p50 of 30", ours: quantile(seconds, 0.5), unit: "s" },
      {
        name: "submit to the worker's first event, p99 of 30",
        ours: quantile(seconds, 0.99),
        goal: "≤ 1 s",
        unit: "s",
      },
    ];
  } finally {
    await system.close();
  }
}
