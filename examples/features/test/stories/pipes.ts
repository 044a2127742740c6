import { expect } from "@jest/globals";
import type { Story } from "../story.ts";

export default ["in_process", "multiprocess"].map(
  (executor): Story => ({
    title: `what a program over Dagster Pipes prints is in its step's compute log, ${executor}`,
    tell: async ({ run, url }) => {
      const { runId, ran } = await run({ assets: 'key:"pipes/model"' }, executor);
      const logKey = ran
        .of("LOGS_CAPTURED")
        .find(({ stepKeys }) => stepKeys.includes("pipes__model"))?.logKey;
      const response = await fetch(`${url}/logs/${runId}/${logKey}/out`);
      expect(await response.text()).toMatch(/^this line is in the compute log$/m);
    },
  }),
);
