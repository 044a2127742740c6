import { readFileSync } from "node:fs";
import { expect } from "@jest/globals";
import { until } from "../../../../cli/test/system.ts";
import type { Story } from "../story.ts";

const TERMINATE = "mutation ($ids: [String!]!) { terminateRuns(runIds: $ids) { __typename } }";
const RESOURCES = `query { allTopLevelResourceDetailsOrError(repositorySelector:
  { repositoryName: "__repository__", repositoryLocationName: "definitions.ts" }) {
  ... on ResourceDetailsList { results { name configuredValues { key value type } nestedResources { name }
    assetKeysUsing { path } jobsOpsUsing { jobName opHandleIDs } } } } }`;
interface Details {
  name: string;
  configuredValues: { key: string; value: string; type: string }[];
  nestedResources: { name: string }[];
  jobsOpsUsing: { jobName: string }[];
}

export default [
  ...["in_process", "multiprocess"].map(
    (executor): Story => ({
      title: `a resource is closed when its run is cancelled, ${executor}`,
      tell: async ({ launch, events, ended, query, path }) => {
        const file = path(`${executor}.lock`);
        const resources = { lock: { config: { file } } };
        const runId = await launch({ job: "holding", runConfig: { resources } }, executor);
        await until("the step to hold", async () => (await events(runId)).said.includes("holding"));
        expect(readFileSync(file, "utf8")).toBe("open");
        await query(TERMINATE, { ids: [runId] });
        expect((await ended(runId)).status).toBe("CANCELED");
        await until("the resource to be closed", async () => readFileSync(file, "utf8") === "closed");
      },
    }),
  ),
  {
    title: "the page is told where each resource is used, and an environment variable by its name",
    tell: async ({ query }) => {
      const { allTopLevelResourceDetailsOrError: list } = await query<{
        allTopLevelResourceDetailsOrError: { results: Details[] };
      }>(RESOURCES);
      const of = (name: string) => list.results.find((one) => one.name === name);
      expect(of("credentials")?.configuredValues).toEqual([
        { key: "password", value: "FEATURES_PASSWORD", type: "ENV_VAR" },
      ]);
      expect(JSON.stringify(list)).not.toContain("open sesame");
      expect(of("connection")?.nestedResources).toEqual([{ name: "credentials" }]);
      expect(of("connection")?.jobsOpsUsing.map(({ jobName }) => jobName)).toEqual(["asking"]);
      expect(of("lock")?.jobsOpsUsing.map(({ jobName }) => jobName)).toEqual(["holding"]);
    },
  },
] satisfies Story[];
