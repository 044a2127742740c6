import { expect } from "@jest/globals";
import type { Story } from "../story.ts";

const REEXECUTE = `mutation ($params: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $params) {
  ... on LaunchRunSuccess { run { runId parentRunId rootRunId } } ... on PythonError { message } } }`;

export default [
  {
    title: "a re-execution from the failure begins inside the graph of an asset",
    tell: async ({ run, ended, query }) => {
      const first = await run({ assets: "dictionary", tags: { "fail-first": "yes" } });
      expect(first.status).toBe("FAILURE");
      expect(first.ran.steps("STEP_FAILURE")).toEqual(["dictionary.sort_words"]);
      const params = { parentRunId: first.runId, strategy: "FROM_FAILURE", useParentRunTags: true };
      const { launchRunReexecution: again } = await query<{
        launchRunReexecution: { run: { runId: string; parentRunId: string; rootRunId: string } };
      }>(REEXECUTE, { params });
      expect(again.run).toMatchObject({ parentRunId: first.runId, rootRunId: first.runId });
      const second = await ended(again.run.runId);
      expect(second.status).toBe("SUCCESS");
      expect(second.ran.steps("STEP_SUCCESS")).toEqual(["dictionary.sort_words"]);
      expect(second.ran.materialized).toEqual(["dictionary"]);
    },
  },
] satisfies Story[];
