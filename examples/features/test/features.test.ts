/** Every case in this process, and through one running system with its steps in the run's process and each in one of its own. */
import { readdirSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { executeInProcess, inMemory, materialize } from "@dagster-operator/sdk";
import { internalsOf, type RunEvent, resolveSelection } from "@dagster-operator/sdk/internal";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Client, createClient } from "../../../cli/src/graphql/client.ts";
import { launchRun } from "../../../cli/src/graphql/runs.ts";
import { Project, until } from "../../../cli/test/system.ts";
import definitions from "../definitions.ts";
import { type Case, Ran } from "./case.ts";
import type { Ended, Launch, Story, Through } from "./story.ts";

const FILE = new URL("../definitions.ts", import.meta.url).pathname;
/** Everything that the files of a folder export. */
async function all<T>(name: string): Promise<T[]> {
  const folder = new URL(name, import.meta.url);
  const found: T[] = [];
  for (const file of readdirSync(folder).sort())
    found.push(...(await import(new URL(file, folder).href)).default);
  return found;
}
const cases = await all<Case>("cases/");
const stories = await all<Story>("stories/");
/** Of `mail/emails`: jobs that read the asset find them there. */
const PARTITIONS = ["north", "south"];
const { repository, snapshot } = internalsOf(definitions);

describe("in process", () => {
  const values = inMemory();
  beforeAll(async () => {
    for (const partitionKey of PARTITIONS)
      await materialize(definitions, {
        selection: "mail/emails",
        partitionKey,
        resources: { ioManager: values },
      });
  });
  test.each(cases)("$title", async ({ job, assets = "", partition, runConfig, tags, status, look }) => {
    const options = {
      raise: false,
      resources: { ioManager: values },
      ...(partition === undefined ? {} : { partitionKey: partition }),
      ...(runConfig && { runConfig }),
      ...(tags && { tags }),
    };
    const found = job === undefined ? undefined : repository.jobs.get(job);
    if (job !== undefined && found === undefined) throw new Error(`there is no job ${job}`);
    const result = found
      ? await executeInProcess(found, { ...options, assets: definitions })
      : await materialize(definitions, { ...options, selection: assets });
    expect(result.status).toBe(status ?? "SUCCESS");
    look(new Ran(result.events));
  });
});

describe.each(["in_process", "multiprocess"])("through dagsterctl dev, %s", (executor) => {
  const ended = new Map<Case, Ended>();

  // All runs at once: how they are queued is not what is looked at here.
  beforeAll(async () => {
    const { run } = await system();
    await Promise.all(cases.map(async (one) => ended.set(one, await run(one, executor))));
  });

  test.each(cases)("$title", (one) => {
    const run = ended.get(one);
    expect(run?.status).toBe(one.status ?? "SUCCESS");
    one.look(run?.ran ?? new Ran([]));
  });
});

describe("one run after another", () => {
  test.each(stories)("$title", async ({ tell }) => tell(await system()));
});

const materializable = (selection: string) =>
  resolveSelection(snapshot.assets, selection).filter((key) =>
    snapshot.assets.some((asset) => asset.kind !== "external" && asset.key.join() === key.join()),
  );

let project: Project | undefined;
let started: Promise<Through> | undefined;
/** One for everything here. */
function system(): Promise<Through> {
  started ??= (async () => {
    const folder = new Project();
    project = folder;
    const { url } = await folder.dev("-f", FILE);
    const client = createClient(url);
    const ended = (runId: string) => whenEnded(client, runId);
    const launch = ({ job, assets = "", partition, runConfig, tags }: Launch, executor = "in_process") =>
      launchRun(client, {
        location: "definitions.ts",
        job,
        assets: job === undefined ? materializable(assets) : undefined,
        runConfig: {
          ...(job && repository.jobs.get(job)?.runConfig),
          ...runConfig,
          execution: { config: { [executor]: {} } },
        },
        tags,
        partition,
      });
    const run = async (what: Launch, executor?: string) => ended(await launch(what, executor));
    for (const partition of PARTITIONS) await run({ assets: 'key:"mail/emails"', partition });
    const events = async (runId: string) =>
      new Ran((await debugFile(url, runId)).events.map(({ event }) => event));
    return {
      url,
      run,
      launch,
      ended,
      events,
      query: client.query,
      path: (name: string) => folder.path(name),
    };
  })();
  return started;
}
afterAll(() => project?.remove());

interface DebugFile {
  run: { status: string };
  events: { event: RunEvent }[];
}
async function debugFile(url: string, runId: string): Promise<DebugFile> {
  const response = await fetch(`${url}/download_debug/${runId}`);
  return JSON.parse(gunzipSync(Buffer.from(await response.arrayBuffer())).toString());
}

async function whenEnded({ url }: Client, runId: string): Promise<Ended> {
  let file: DebugFile | undefined;
  await until(`run ${runId} to end`, async () => {
    file = await debugFile(url, runId);
    return ["SUCCESS", "FAILURE", "CANCELED"].includes(file.run.status);
  });
  return {
    runId,
    status: file?.run.status ?? "",
    ran: new Ran(file?.events.map(({ event }) => event) ?? []),
  };
}
