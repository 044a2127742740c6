import { eventually } from "@dagster-operator/engine/testing";
import { expect } from "@jest/globals";
import type { Story, Through } from "../story.ts";

const SENSORS = ["automated_conditions", "on_parcels", "after_announcing"];

async function switchSensors({ query }: Through, on: boolean): Promise<void> {
  type Node = { name: string; location: { name: string }; sensors: { id: string; name: string }[] };
  const { repositoriesOrError } = await query<{ repositoriesOrError: { nodes: Node[] } }>(
    "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } sensors { id name } } } } }",
  );
  const [node] = repositoriesOrError.nodes;
  if (!node) throw new Error("no code location is loaded");
  for (const { id, name: sensorName } of node.sensors.filter(({ name }) => SENSORS.includes(name))) {
    const s = { repositoryName: node.name, repositoryLocationName: node.location.name, sensorName };
    if (on)
      await query("mutation ($s: SensorSelector!) { startSensor(sensorSelector: $s) { __typename } }", { s });
    else await query("mutation ($id: String!) { stopSensor(id: $id) { __typename } }", { id });
  }
}

interface Run {
  runId: string;
  status: string;
  assetSelection: { path: string[] }[] | null;
  assetCheckSelection: { name: string }[] | null;
  tags: { key: string; value: string }[];
}
const runsWith = async ({ query }: Through, key: string, value: string): Promise<Run[]> => {
  const { runsOrError } = await query<{ runsOrError: { results: Run[] } }>(
    `query ($filter: RunsFilter) { runsOrError(filter: $filter) { ... on Runs {
      results { runId status assetSelection { path } assetCheckSelection { name } tags { key value } } } } }`,
    { filter: { tags: [{ key, value }] } },
  );
  return runsOrError.results;
};
/** Ticks of a sensor, newest first. */
const ticks = async ({ query }: Through, name: string) => {
  type Tick = {
    status: string;
    error: { message: string } | null;
    originRunIds: string[];
    logEvents: { events: { message: string }[] };
  };
  type Node = { sensors: { name: string; sensorState: { ticks: Tick[] } }[] };
  const { repositoriesOrError } = await query<{ repositoriesOrError: { nodes: Node[] } }>(
    `{ repositoriesOrError { ... on RepositoryConnection { nodes { sensors { name
      sensorState { ticks(limit: 100) { status error { message } originRunIds logEvents { events { message } } } } } } } } }`,
  );
  return repositoriesOrError.nodes[0]?.sensors.find((one) => one.name === name)?.sensorState.ticks ?? [];
};

export default [
  {
    title: "a materialization starts what is made of it, in one run, and the sensors that watch it",
    tell: async (through) => {
      await switchSensors(through, true);
      // The first evaluations say from when on they look.
      for (const name of SENSORS)
        await eventually(`${name} was asked`, async () => (await ticks(through, name)).length > 0);
      await through.run({ assets: 'key:"automated/parcels"' });
      const asked = await eventually("the condition had its run", async () => {
        const [run] = await runsWith(through, "by", "condition");
        return run?.status === "SUCCESS" ? run : null;
      });
      expect(asked.assetSelection?.map(({ path }) => path[1])).toEqual(["postage", "weights"]);
      expect(asked.tags).toContainEqual({ key: "dagster/from_automation_condition", value: "true" });
      // Made elsewhere, so that nothing has checked them: the check is of the same run as what is made of them.
      await fetch(`${through.url}/report_asset_materialization/automated/parcels`, { method: "POST" });
      const checked = await eventually("the condition of the check had its run", async () => {
        const [run] = await runsWith(through, "by", "condition");
        return run?.status === "SUCCESS" && run.runId !== asked.runId ? run : null;
      });
      expect(checked.assetCheckSelection).toEqual([{ name: "some_parcels" }]);
      const announced = await eventually("the asset sensor had its run", async () => {
        const [run] = await runsWith(through, "dagster/sensor_name", "on_parcels");
        return run?.status === "SUCCESS" ? run : null;
      });
      const told = await eventually("the run-status sensor was told", async () =>
        (await ticks(through, "after_announcing")).find(({ originRunIds }) =>
          originRunIds.includes(announced.runId),
        ),
      );
      expect(told).toMatchObject({ status: "SUCCESS", error: null });
      expect(told.logEvents.events.map(({ message }) => message)).toEqual(["announce_parcels has ended"]);
      await switchSensors(through, false);
    },
  },
] satisfies Story[];
