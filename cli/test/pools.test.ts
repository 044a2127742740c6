/** Pools through a whole system: SDK, worker processes, run API, queue, GraphQL and the command line. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type Dev, Project, until } from "./system.ts";

const DEFINITIONS = `
import { appendFileSync, existsSync } from "node:fs";
import { Definitions, job, op } from "@dagster-operator/sdk";
const mark = (what) => appendFileSync("marks", what + "\\n");
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const query = op("query", { pool: "db" }, () => 1);
const hold = op("hold", { pool: "db" }, async ({ log }) => { mark("held " + process.pid); while (!existsSync("go")) await wait(50); return 1; });
export default new Definitions({
  jobs: [
    job("holds", () => { hold(); }),
    job("one", () => { query(); }),
  ],
});
`;
let project: Project;
afterEach(() => project.remove());

const marks = () => (existsSync(project.path("marks")) ? readFileSync(project.path("marks"), "utf8") : "");
const statuses = async (dev: Dev) => (await dev.runs()).map(({ status }) => status);
const pool = async () =>
  (
    await project.json<{ name: string; held: { runId: string }[]; waiting: unknown[] }[]>("pool", "list")
  ).find(({ name }) => name === "db");

describe("a pool of two slots", () => {
  test.each(["in_process", "multiprocess"])(
    "is never used by more than two steps of many runs (%s), and the log says who waited",
    async (executor) => {
      project = new Project({
        "definitions.ts": DEFINITIONS,
        "dagster.yaml": "concurrency: {pools: {default_limit: 2, op_granularity_run_buffer: 10}}",
      });
      const dev = await project.dev("--instance", "dagster.yaml");
      const config = JSON.stringify({ execution: { config: { [executor]: {} } } });
      for (let n = 0; n < 3; n++)
        expect((await project.ctl("job", "launch", "holds", "--config-json", config)).code).toBe(0);
      await until("two to hold a slot and one to wait", async () => {
        const { held, waiting } = (await pool()) ?? { held: [], waiting: [] };
        return held.length === 2 && waiting.length === 1 && marks().trim().split("\n").length === 2;
      });
      writeFileSync(project.path("go"), "");
      await until("all runs to succeed", async () =>
        (await statuses(dev)).every((status) => status === "SUCCESS"),
      );
      expect(marks().trim().split("\n")).toHaveLength(3);
      const messages: string[] = [];
      for (const { runId } of await dev.runs())
        for (const event of await dev.events(runId)) messages.push(event.message);
      expect(
        messages.filter((message) => /waits for a slot of pool db/.test(message)).length,
      ).toBeGreaterThan(0);
      expect(
        messages.filter((message) => /has a slot of pool db after/.test(message)).length,
      ).toBeGreaterThan(0);
      expect(await pool()).toMatchObject({ held: [], waiting: [] });
    },
  );
});

test("a slot of a worker that is killed with -9, of a canceled run and of a paused pool", async () => {
  project = new Project({ "definitions.ts": DEFINITIONS });
  const dev = await project.dev();
  expect((await project.ctl("pool", "set", "db", "1")).stdout).toBe("pool db: 1 slot\n");
  expect((await project.ctl("pool", "set", "db", "-1")).code).toBe(2);
  await project.ctl("job", "launch", "holds");
  await until("the slot to be held", async () => /^held \d+\n$/.test(marks()));
  const [holder] = (await pool())?.held ?? [];
  await project.ctl("job", "launch", "one");
  await until("the run to be there", async () => (await statuses(dev)).length === 2);
  expect((await statuses(dev))[0]).toBe("QUEUED");

  // kill -9 of the worker: its run fails, and the next one gets the slot.
  process.kill(Number(marks().slice(5)), "SIGKILL");
  await until("both to have ended", async () => (await statuses(dev)).join() === "SUCCESS,FAILURE");
  expect(holder?.runId).toBe((await dev.runs())[1]?.runId);
  expect(await pool()).toMatchObject({ held: [], waiting: [] });

  // Canceled.
  await project.ctl("job", "launch", "holds");
  await until("the slot to be held again", async () => (await pool())?.held.length === 1);
  const canceled = (await dev.runs())[0]?.runId ?? "";
  expect((await project.ctl("run", "terminate", canceled)).code).toBe(0);
  await until("the slot to be free", async () => (await pool())?.held.length === 0);

  // Paused: it waits in the queue, and goes on when there is a slot.
  await project.ctl("pool", "set", "db", "0");
  await project.ctl("job", "launch", "one");
  await until("the run to be there", async () => (await statuses(dev)).length === 4);
  expect((await statuses(dev))[0]).toBe("QUEUED");
  expect((await project.ctl("pool", "delete", "db")).code).toBe(0);
  expect((await project.ctl("pool", "delete", "db")).code).toBe(3);
  await until("the run to succeed", async () => (await statuses(dev))[0] === "SUCCESS");
  expect(await dev.stop()).toBe(0);
});
