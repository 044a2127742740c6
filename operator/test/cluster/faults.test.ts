/** What is killed or goes away while runs are under way, and that nothing of them is lost or done twice. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "@dagster-operator/engine/testing";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { loadConfig } from "../../src/kube/config.ts";
import { ClusterSystem } from "./cluster-system.ts";
import { CuttableProxy } from "./cuttable-proxy.ts";
import { Operators } from "./operators.ts";

const RUNS = 50;
const KILLS = 4;
const OUTAGE_MS = 20_000;

const system = new ClusterSystem();
let apiServer: CuttableProxy;
let postgres: CuttableProxy;
let operators: Operators;
beforeAll(async () => {
  apiServer = await CuttableProxy.before(loadConfig().server);
  await system.open(async (url) => {
    postgres = await CuttableProxy.before(url);
    const through = new URL(url);
    through.port = new URL(postgres.address).port;
    return through.href;
  });
  operators = new Operators(system, apiServer.address, 2);
});
afterAll(async () => {
  await operators?.stop();
  await system.close();
  await apiServer?.close();
  await postgres?.close();
});

test("the operator is killed at random during 50 runs: none is lost, and none is done twice", async () => {
  const runIds = await Promise.all(Array.from({ length: RUNS }, () => system.start("notes")));
  const failovers: number[] = [];
  for (let n = 0; n < KILLS; n++) {
    await operators.leader();
    await sleep(500 + Math.random() * 4_000);
    await operators.kill();
    const killed = performance.now();
    await operators.leader();
    failovers.push((performance.now() - killed) / 1000);
  }
  process.stdout.write(`  another leads after ${failovers.map((s) => s.toFixed(1)).join(", ")} s\n`);
  const runs = await Promise.all(runIds.map((runId) => system.ended(runId)));
  expect(runs.filter(({ status }) => status !== "SUCCESS")).toEqual([]);
  const done = readFileSync(join(system.artifacts, "notes"), "utf8").trim().split("\n");
  expect(done.sort()).toEqual(runIds.sort());
});

/** A run that says `tick 0`, `tick 1`, … until it is let go: what it said while something was away must all be there. */
async function during(outage: (runId: string) => Promise<void>): Promise<void> {
  await operators.leader();
  const runId = await system.start("ticks");
  await system.said(runId, /^tick 3$/);
  await outage(runId);
  writeFileSync(join(system.artifacts, `stop-${runId}`), "");
  const { status, attempt, error } = await system.ended(runId);
  expect([status, attempt, error]).toEqual(["SUCCESS", 1, null]);
  const said = (await system.events(runId)).flatMap(({ message }) => /^tick (\d+)$/.exec(message)?.[1] ?? []);
  expect(said).toEqual(said.map((_, n) => String(n)));
}

test("the API server is away for 20 s: runs go on, and what was asked meanwhile is done afterwards", async () => {
  let asked = "";
  await during(async () => {
    apiServer.cut();
    asked = await system.start("quick");
    await sleep(OUTAGE_MS);
    expect(await system.storage.runs.get(asked)).toMatchObject({ status: "STARTING" });
    apiServer.restore();
  });
  expect((await system.ended(asked)).status).toBe("SUCCESS");
});

test("Postgres is away for 20 s: run workers keep what they say and go on", async () => {
  await during(async () => {
    postgres.cut();
    await sleep(OUTAGE_MS);
    postgres.restore();
    await eventually("the database answers", () =>
      system.storage.ping().then(
        () => true,
        () => false,
      ),
    );
  });
  expect((await system.ended(await system.start("quick"))).status).toBe("SUCCESS");
});

test("the webserver is away for 20 s: run workers keep what they say and go on", async () => {
  await during(async () => {
    await system.closeWebserver();
    await sleep(OUTAGE_MS);
    await system.serve();
  });
});
