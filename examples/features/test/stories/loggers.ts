import { expect } from "@jest/globals";
import type { Story } from "../story.ts";

export default ["in_process", "multiprocess"].map(
  (executor): Story => ({
    title: `a run writes to the loggers that its config names, ${executor}`,
    tell: async ({ run, url }) => {
      const loggers = { console: { config: { log_level: "WARNING" } }, jsonLines: {} };
      const { runId, ran, status } = await run({ job: "weighing", runConfig: { loggers } }, executor);
      expect(status).toBe("SUCCESS");
      const [captured] = ran.of("LOGS_CAPTURED").filter(({ stepKeys }) => stepKeys.includes("read_scale"));
      const printed = async (stream: string) =>
        (await fetch(`${url}/logs/${runId}/${captured?.logKey}/${stream}`)).text();
      expect(await printed("err")).toMatch(
        new RegExp(
          `^[-0-9]+ [0-9:]+ \\+0000 - dagster - WARNING - weighing - ${runId} - read_scale - a little heavy$`,
          "m",
        ),
      );
      expect(await printed("err")).not.toContain("on the scale");
      expect(await printed("out")).toContain(
        '{"job":"weighing","stepKey":"read_scale","message":"on the scale","grams":250}\n',
      );
      expect(ran.said).toEqual(["on the scale", "a little heavy"]);
    },
  }),
);
