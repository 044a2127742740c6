/** From start to page, with few and with 5,000 assets; and what the idle system holds in memory. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { dagsterBin, dagsterEnv, peerFile, timePeer } from "../dagster.ts";
import { type Line, median } from "../line.ts";
import { fixture, locationLoaded, memoryOf, startSystem, until } from "../system.ts";

/** V8's heap is given back some ten seconds after the last work. */
const IDLE_MS = 20_000;
const ASSETS = "{ assetNodes { id assetKey { path } groupName dependencyKeys { path } } }";

const RELOAD =
  "mutation ($location: String!) { reloadRepositoryLocation(repositoryLocationName: $location) { __typename } }";

export async function run(): Promise<Line[]> {
  const small = await startSystem(fixture("chain.ts"));
  const page = await until(async () => (await fetch(small.url)).ok);
  await small.close();
  const started = performance.now();
  const again = await startSystem(fixture("chain.ts"), {}, small.storage);
  const pageAgain = await until(async () => (await fetch(again.url)).ok);
  await locationLoaded(again);
  const content = performance.now() - started;
  await sleep(IDLE_MS);
  const memory = memoryOf(again.pid);
  await again.close();

  const big = await startSystem(fixture("assets.ts"), { ASSETS: "5000" });
  const served = await until(
    async () => (await big.graphql<{ assetNodes: unknown[] }>(ASSETS)).assetNodes.length === 5000,
  );
  const start = performance.now();
  await big.graphql(ASSETS);
  const query = performance.now() - start;
  const location = await locationLoaded(big);
  const reloads: number[] = [];
  for (let i = 0; i < 3; i++) {
    const from = performance.now();
    await big.graphql(RELOAD, { location });
    await big.graphql(ASSETS);
    reloads.push(performance.now() - from);
  }
  await big.close();

  const peerLoad = await timePeer("dagster", ["definitions", "validate", "-f", peerFile("assets.py")]);
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const peer = spawn(dagsterBin("dagster"), ["dev", "-f", peerFile("chain.py"), "-p", String(port)], {
    env: dagsterEnv(),
    stdio: "ignore",
  });
  const peerPage = await until(async () => (await fetch(`http://localhost:${port}/server_info`)).ok);
  await sleep(IDLE_MS);
  const peerMemory = memoryOf(peer.pid ?? 0);
  peer.kill("SIGINT");
  await new Promise((resolve) => peer.once("exit", resolve));

  const dagster = (value: number) => ({ what: "Dagster", value });
  return [
    {
      name: "start to first page, fresh folder",
      ours: page / 1000,
      peer: dagster(peerPage / 1000),
      goal: "≤ 3 s",
      unit: "s",
    },
    {
      name: "start to first page, existing folder",
      ours: pageAgain / 1000,
      peer: dagster(peerPage / 1000),
      goal: "≤ 3 s",
      unit: "s",
    },
    {
      name: "start to the content of the page, existing folder",
      ours: content / 1000,
      peer: dagster(peerPage / 1000),
      goal: "≤ 3 s",
      unit: "s",
    },
    {
      name: "start to 5,000 assets answered",
      ours: served / 1000,
      peer: { what: "Dagster load and validate", value: peerLoad },
      unit: "s",
    },
    {
      name: "5,000 assets: fresh process of the code location to GraphQL answer",
      ours: median(reloads) / 1000,
      peer: { what: "Dagster load and validate", value: peerLoad },
      goal: "≤ 0.5 s",
      unit: "s",
    },
    { name: "5,000 assets in one GraphQL answer", ours: query / 1000, goal: "≤ 0.5 s", unit: "s" },
    {
      name: "idle memory of the whole local system",
      ours: memory,
      peer: dagster(peerMemory),
      goal: "≤ 250 MB",
      unit: "MB",
    },
  ];
}
