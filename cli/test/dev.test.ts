import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { allEnded, DEFINITIONS, olderNode, Project, until } from "./system.ts";

let project: Project;
afterEach(() => project.remove());
const exitOf = (child: ChildProcess) => new Promise((resolve) => child.once("close", resolve));

describe("dagsterctl dev", () => {
  test("makes all assets and keeps everything over a restart", async () => {
    project = new Project({ "definitions.ts": DEFINITIONS });
    let dev = await project.dev();
    expect(dev.stdout).toMatch(/✓ definitions\.ts {2}3 assets, 2 jobs, 1 schedule/);
    expect((await fetch(`${dev.url}/healthz`)).status).toBe(200);

    const made = await project.ctl("asset", "materialize", "+total", "-w");
    expect(made.stdout).toMatch(
      /numbers {2}started[\s\S]*numbers {2}succeeded in[\s\S]*total {2}succeeded[\s\S]*Run succeeded in .*, 2 materializations\./,
    );
    expect(made.code).toBe(0);
    const [run] = await dev.runs();
    const types = (await dev.events(run?.runId ?? "")).map((event) => event.eventType);
    expect(types.filter((type) => type === "ASSET_MATERIALIZATION")).toHaveLength(2);
    expect(types.at(-1)).toMatch(/SUCCESS$/);

    expect(await dev.stop()).toBe(0);
    expect(existsSync(dev.factsFile)).toBe(false);
    await allEnded(project.folder);

    dev = await project.dev();
    expect((await dev.runs()).map(({ runId, status }) => ({ runId, status }))).toEqual([
      { runId: run?.runId, status: "SUCCESS" },
    ]);
    // What the first run stored is there for the second system.
    const again = await project.ctl("asset", "materialize", "total", "-w");
    expect(again.code).toBe(0);
    expect(await dev.stop("SIGTERM")).toBe(0);
  });

  test("reloads a changed file, shows what is broken in it, and takes the repaired one", async () => {
    project = new Project({ "definitions.ts": DEFINITIONS, "other.ts": DEFINITIONS });
    const dev = await project.dev("-f", "definitions.ts", "-f", "other.ts");
    const states = async () => {
      const all = await project.json<{ name: string; state: string; error: { message: string } | null }[]>(
        "location",
        "list",
      );
      return Object.fromEntries(
        all.map(({ name, state, error }) => [name, error ? `${state}: ${error.message}` : state]),
      );
    };
    await until("both to load", async () =>
      Object.values(await states()).every((state) => state === "LOADED"),
    );

    project.write("definitions.ts", DEFINITIONS.replace('asset("broken"', 'asset("renamed"'));
    await until("the reload", async () => (await project.ctl("asset", "list", "renamed")).code === 0);

    project.write("definitions.ts", DEFINITIONS.replace("new Definitions({", "new Definitions(((("));
    await until("the error", async () => (await states())["definitions.ts"]?.startsWith("ERROR") === true);
    expect((await states())["other.ts"]).toBe("LOADED");
    expect((await project.ctl("location", "reload", "definitions.ts")).code).toBe(1);
    expect((await project.ctl("asset", "materialize", "+total", "--location", "other.ts", "-w")).code).toBe(
      0,
    );

    project.write("definitions.ts", DEFINITIONS);
    await until("the repair", async () => (await states())["definitions.ts"] === "LOADED");
    expect(await dev.stop()).toBe(0);
  });

  test("ends the worker of a run that is under way when it is told to stop, and says so in the run", async () => {
    project = new Project({ "definitions.ts": DEFINITIONS });
    let dev = await project.dev();
    const { runId } = await project.json<{ runId: string }>("job", "launch", "waiting");
    await until("the step to run", async () => existsSync(project.path("wait.pid")));
    expect(await dev.stop()).toBe(0);
    await allEnded(project.folder);
    dev = await project.dev();
    expect((await dev.ended(runId)).status).toBe("FAILURE");
    await dev.stop();
  });

  test("refuses a port in use, a storage folder in use and files that are not there, each with its exit code", async () => {
    project = new Project({ "definitions.ts": DEFINITIONS });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const portInUse = await project.ctl("dev", "-p", String(port));
    expect(portInUse.stderr).toMatch(new RegExp(`port ${port} .*in use`));
    expect(portInUse.code).toBe(5);
    server.close();
    await allEnded(project.folder);

    const dev = await project.dev();
    const folderInUse = await project.ctl("dev", "-p", "0");
    expect(folderInUse.stderr).toContain(`is in use by another dagsterctl (process ${dev.child.pid})`);
    expect(folderInUse.stderr).toContain(dev.url);
    expect(folderInUse.code).toBe(5);
    await dev.stop();

    const missing = await project.ctl("dev", "-f", "nope.ts");
    expect(missing).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("File nope.ts does not exist"),
    });
    project.write("workspace.yaml", "load_from:\n  - typescript_fil: definitions.ts\n");
    const corrupt = await project.ctl("dev");
    expect(corrupt.stderr).toContain(
      'workspace.yaml:2:5: unknown key "typescript_fil". Did you mean "typescript_file"?',
    );
    expect(corrupt.code).toBe(2);
    expect((await project.ctl("dev", "-p", "99999")).code).toBe(2);
  });

  test("teaches what to do in an empty folder", async () => {
    project = new Project();
    const answer = await project.ctl("dev");
    expect(answer.code).toBe(2);
    expect(answer.stderr).toContain("Write definitions.ts:");
  });

  test("lists Python locations of a workspace.yaml as errors that say why", async () => {
    project = new Project({
      "definitions.ts": DEFINITIONS,
      "workspace.yaml":
        "load_from:\n  - typescript_file: definitions.ts\n  - grpc_server: {host: localhost, port: 4266, location_name: legacy}\n",
    });
    const dev = await project.dev();
    const all = await project.json<{ name: string; state: string; error: { message: string } | null }[]>(
      "location",
      "list",
    );
    expect(all.find(({ name }) => name === "legacy")).toMatchObject({
      state: "ERROR",
      error: { message: expect.stringContaining("Python bridge") },
    });
    await dev.stop();
  });

  const older = olderNode();
  (older ? test : test.skip)(
    "runs through an older Node: exit codes and Ctrl-C pass, and nothing outlives a killed launcher",
    async () => {
      project = new Project({ "definitions.ts": DEFINITIONS });
      const refused = project.spawn(["validate", "-f", "nope.ts"], older ?? "");
      expect(await exitOf(refused)).toBe(3);

      const up = () =>
        until("the system", async () => existsSync(project.path(".dagster-operator/instance.json")));
      const interrupted = project.spawn(["dev", "-p", "0"], older ?? "");
      await up();
      interrupted.kill("SIGINT");
      expect(await exitOf(interrupted)).toBe(0);
      await allEnded(project.folder);

      const killed = project.spawn(["dev", "-p", "0"], older ?? "");
      await up();
      killed.kill("SIGKILL");
      await allEnded(project.folder);
    },
  );

  test("keeps a log with the run id on the lines about a run", async () => {
    project = new Project({ "definitions.ts": DEFINITIONS });
    const dev = await project.dev();
    const { runId } = await project.json<{ runId: string }>("job", "launch", "totals");
    await dev.ended(runId);
    await dev.stop();
    const lines = readFileSync(project.path(".dagster-operator/system.log"), "utf8")
      .split("\n")
      .filter(Boolean);
    expect(
      lines.map((line) => JSON.parse(line) as { runId?: string }).some((line) => line.runId === runId),
    ).toBe(true);
  });
});
