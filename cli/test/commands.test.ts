import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { DEFINITIONS, type Dev, Project, until } from "./system.ts";

const MANIFESTS = `
apiVersion: dagster-operator.io/v1alpha1
kind: CodeLocation
metadata: {name: sales}
spec: {image: example/sales:1, file: ../definitions.ts, workingDirectory: ..}
---
apiVersion: dagster-operator.io/v1alpha1
kind: Job
metadata: {name: sums}
spec: {codeLocation: sales, assetSelection: "+total", tags: {team: red}, executor: multiprocess}
---
apiVersion: dagster-operator.io/v1alpha1
kind: Schedule
metadata: {name: every-minute}
spec: {cron: "0 0 29 2 *", jobRef: {name: sums}}
---
apiVersion: dagster-operator.io/v1alpha1
kind: Schedule
metadata: {name: nightly}
spec: {codeLocation: sales, suspend: false}
---
apiVersion: dagster-operator.io/v1alpha1
kind: Run
metadata: {name: first}
spec: {jobRef: {name: sums}, tags: {why: manifest}}
`;

describe("commands on a running system", () => {
  let project: Project;
  let dev: Dev;
  beforeAll(async () => {
    project = new Project({ "definitions.ts": DEFINITIONS, "sub/README": "" });
    dev = await project.dev();
  });
  afterAll(() => project.remove());

  test("list jobs, schedules and assets by selection", async () => {
    expect(await project.json("job", "list")).toEqual([
      { name: "totals", location: "definitions.ts", kind: "assets", description: null },
      { name: "waiting", location: "definitions.ts", kind: "ops", description: null },
    ]);
    const keys = async (selection: string) =>
      (await project.json<{ key: string[] }[]>("asset", "list", selection))
        .map(({ key }) => key.join("/"))
        .sort();
    expect(await keys("+total")).toEqual(["numbers", "total"]);
    expect(await keys("group:raw")).toEqual(["numbers"]);
    expect(await keys("not total")).toEqual(["broken", "numbers"]);
    const wrong = await project.ctl("asset", "list", "totl");
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("totl");
  });

  test("launch a job and show its steps; what fails gives exit code 1", async () => {
    const good = await project.ctl("job", "launch", "totals", "--wait", "-t", "team=red");
    expect(good).toMatchObject({ code: 0, stdout: expect.stringMatching(/total {2}succeeded/) });
    const failed = await project.ctl("asset", "materialize", "+broken", "-w");
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/broken {2}failed in .*: no luck/);
    const events = await project.ctl("job", "launch", "totals", "--follow", "-o", "json");
    const lines = events.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { eventType: string });
    expect(lines[0]?.eventType).toMatch(/ENQUEUED$/);
    expect(lines.at(-1)?.eventType).toMatch(/SUCCESS$/);
    const tagged = await project.json<{ status: string }[]>(
      "run",
      "list",
      "--tag",
      "team=red",
      "--job",
      "totals",
      "--status",
      "success",
    );
    expect(tagged).toHaveLength(1);
  });

  test("re-execute from failure, show logs, delete", async () => {
    const [failed] = await project.json<{ runId: string }[]>("run", "list", "--status", "FAILURE", "-n", "1");
    const id = failed?.runId ?? "";
    project.write("repaired", "");
    const again = await project.ctl("run", "re-execute", id.slice(0, 8), "--from-failure", "-w");
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/broken {2}succeeded/) });
    expect(again.stdout).not.toMatch(/numbers {2}started/);
    const one = await project.ctl("run", "re-execute", id, "--steps", "numbers", "-w");
    expect(one).toMatchObject({ code: 0, stdout: expect.stringMatching(/numbers {2}succeeded/) });
    expect(one.stdout).not.toMatch(/total {2}started/);
    expect(await project.ctl("run", "re-execute", id, "--steps", "nope")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("There is no step nope"),
    });
    expect((await project.ctl("run", "logs", id, "-f")).code).toBe(1);
    expect((await project.ctl("run", "delete", id)).code).toBe(0);
    expect((await project.ctl("run", "logs", id)).code).toBe(3);
  });

  test("terminate a run", async () => {
    const { runId } = await project.json<{ runId: string }>("job", "launch", "waiting");
    await until("it to start", async () =>
      (await dev.runs()).some((run) => run.runId === runId && run.status === "STARTED"),
    );
    expect((await project.ctl("run", "delete", runId)).code).toBe(5);
    expect((await project.ctl("run", "terminate", runId)).code).toBe(0);
    expect((await dev.ended(runId)).status).toBe("CANCELED");
    expect((await project.ctl("run", "logs", runId, "-f")).code).toBe(1);
    expect((await project.ctl("run", "terminate", runId)).code).toBe(5);
  });

  test("switch a schedule on and off", async () => {
    const state = async () =>
      (await project.json<{ name: string; status: string }[]>("schedule", "list"))[0]?.status;
    expect(await state()).toBe("STOPPED");
    expect((await project.ctl("schedule", "start", "nightly")).code).toBe(0);
    expect(await state()).toBe("RUNNING");
    expect((await project.ctl("schedule", "stop", "nightly")).code).toBe(0);
    expect(await state()).toBe("STOPPED");
    expect(await project.ctl("schedule", "start", "nightli")).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('Did you mean "nightly"?'),
    });
  });

  test("refuse bad input before anything runs", async () => {
    const count = (await dev.runs()).length;
    const cases: [string[], number, RegExp][] = [
      [["job", "launch", "total"], 3, /Did you mean "totals"/],
      [["job", "launch", "totals", "--location", "nowhere"], 3, /Code location nowhere does not exist/],
      [["job", "launch", "totals", "--config-json", "[1]"], 2, /run config is a mapping/],
      [["job", "launch", "totals", "--config-json", '{"ops": {"nope": {}}}'], 2, /nope/],
      [["job", "launch", "totals", "--config", "nope.yaml"], 3, /nope\.yaml/],
      [["job", "launch", "totals", "-p", "2026-01-01"], 2, /partition/],
      [["job", "launch", "totals", "-t", "nonsense"], 2, /key=value/],
      [["run", "list", "--status", "DONE"], 2, /not a status/],
      [["run", "logs", "00000000-0000-0000-0000-000000000000"], 3, /does not exist|could not be found/],
      [["location", "reload", "nowhere"], 3, /nowhere/],
      [["run", "lst"], 2, /unknown command/],
      [["version", "--url", "localhost:3000"], 2, /not the URL/],
    ];
    for (const [args, code, message] of cases) {
      const answer = await project.ctl(...args);
      expect([args.join(" "), answer.code, answer.stderr]).toEqual([
        args.join(" "),
        code,
        expect.stringMatching(message),
      ]);
    }
    const bad = await project.ctlWithInput("ops:\n  a: [\n", "job", "launch", "totals", "-c", "-");
    expect(bad).toMatchObject({ code: 2, stderr: expect.stringMatching(/<stdin>:\d+:\d+: /) });
    expect(await dev.runs()).toHaveLength(count);
  });

  test("say in JSON what was wrong, and what to do when nothing answers", async () => {
    const wrong = await project.ctl("job", "launch", "nope", "-o", "json");
    expect(JSON.parse(wrong.stderr)).toMatchObject({ exitCode: 3, error: expect.stringContaining("nope") });
    const flag = await project.ctl("run", "list", "-n", "many", "-o", "json");
    expect(JSON.parse(flag.stderr)).toEqual({
      exitCode: 2,
      error: expect.stringMatching(/^option '-n.*whole number/),
    });
    const away = await project.ctl("run", "list", "--url", "http://127.0.0.1:9");
    expect(away).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("Start one with `dagsterctl dev`"),
    });
    expect(await project.ctl("version")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(dev.url),
    });
  });
});

describe("without a running system", () => {
  let project: Project;
  beforeAll(() => {
    project = new Project({ "definitions.ts": DEFINITIONS, "manifests/all.yaml": MANIFESTS });
  });
  afterAll(() => project.remove());

  test("a job and assets run in a system of their own, with the same storage", async () => {
    const good = await project.ctl("job", "launch", "totals", "-f", "definitions.ts", "--storage", "ci");
    expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining("Run succeeded") });
    const next = await project.ctl(
      "asset",
      "materialize",
      "total",
      "-f",
      "definitions.ts",
      "--storage",
      "ci",
      "-o",
      "json",
    );
    expect(next.code).toBe(0);
    expect(JSON.parse(next.stdout)).toMatchObject({ status: "SUCCESS" });
    const failed = await project.ctl(
      "asset",
      "materialize",
      "broken",
      "-f",
      "definitions.ts",
      "--storage",
      "ci",
    );
    expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining("no luck") });
  });

  test("validate gives its verdict on good and bad definitions, and lists all problems", async () => {
    expect(await project.ctl("validate", "-f", "definitions.ts")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Valid."),
    });
    expect((await project.ctl("validate", "-k", "manifests")).stdout).toContain("Valid.");
    project.write(
      "bad.ts",
      `import { asset, Definitions } from "@dagster-operator/sdk";
const a = asset("a", { deps: ["missing"] }, () => 1);
const twin = asset("a", {}, () => 2);
export default new Definitions({ assets: [a, twin], schedules: [3] });`,
    );
    const bad = await project.ctl("validate", "-f", "bad.ts", "-o", "json");
    expect(bad.code).toBe(1);
    const { valid, problems } = JSON.parse(bad.stdout) as {
      valid: boolean;
      problems: { location: string; message: string }[];
    };
    expect(valid).toBe(false);
    expect(problems[0]?.message).toMatch(/a is defined twice[\s\S]*schedules[\s\S]*missing/);
    project.write("syntax.ts", "export default new Definitions(((;\n");
    expect(await project.ctl("validate", "-f", "syntax.ts")).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/syntax\.ts/),
    });
  });

  test("validate checks manifests against the code, with file and line", async () => {
    project.write(
      "wrong/a.yaml",
      MANIFESTS.replace('"+total"', '"+totl"').replace(
        "metadata: {name: nightly}",
        "metadata: {name: nightli}",
      ),
    );
    const selection = await project.ctl("validate", "-k", "wrong");
    expect(selection).toMatchObject({ code: 1, stdout: expect.stringMatching(/totl/) });
    project.write(
      "wrong/a.yaml",
      MANIFESTS.replace("metadata: {name: nightly}", "metadata: {name: nightli}"),
    );
    const schedule = await project.ctl("validate", "-k", "wrong", "-o", "json");
    expect(schedule.code).toBe(1);
    expect(JSON.parse(schedule.stdout)).toMatchObject({
      problems: [
        { file: "wrong/a.yaml", line: 17, message: expect.stringContaining('Did you mean "nightly"?') },
      ],
    });
  });

  test("dev -k gives manifests their local meaning, and submits a Run once", async () => {
    let dev = await project.dev("-k", "manifests");
    expect(dev.stdout).toContain("CodeLocation sales: image is for the cluster and not used here");
    await until("the run of the manifest", async () => /Run first .* submitted as/.test(dev.stdout));
    const [run] = await dev.runs();
    expect(run).toMatchObject({
      jobName: "sums",
      tags: expect.arrayContaining([
        { key: "why", value: "manifest" },
        { key: "team", value: "red" },
      ]),
    });
    expect((await dev.ended(run?.runId ?? "")).status).toBe("SUCCESS");
    const schedules = await project.json<{ name: string; status: string; jobs: string[] }[]>(
      "schedule",
      "list",
    );
    expect(schedules.map(({ name, status, jobs }) => [name, status, jobs]).sort()).toEqual([
      ["every_minute", "RUNNING", ["sums"]],
      ["nightly", "RUNNING", ["totals"]],
    ]);
    expect((await project.ctl("job", "launch", "sums", "-w")).code).toBe(0);
    await dev.stop();
    dev = await project.dev("-k", "manifests");
    await until("the manifests to be applied", async () =>
      /Run first .* was submitted before/.test(dev.stdout),
    );
    expect(await dev.runs()).toHaveLength(2);
    await dev.stop();
  });

  test("dev -k requests a Backfill once; the rest is requested, followed and run again by commands", async () => {
    project.write(
      "cells.ts",
      `import { existsSync } from "node:fs";
import { asset, defineAssetJob, Definitions, staticPartitions } from "@dagster-operator/sdk";
const cells = asset("cells", { partitions: staticPartitions(["a", "b", "c"]) }, ({ partitionKey }) => {
  if (partitionKey === "c" && !existsSync("mended")) throw new Error("c is broken");
  return partitionKey;
});
export default new Definitions({ assets: [cells], jobs: [defineAssetJob("all_cells", { selection: "cells" })] });`,
    );
    const head = (kind: string, name: string) =>
      `apiVersion: dagster-operator.io/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\n`;
    project.write(
      "backfill.yaml",
      [
        `${head("CodeLocation", "cells")}spec: {file: cells.ts}\n`,
        `${head("Backfill", "two")}spec: {codeLocation: cells, assetSelection: cells, partitionRange: {start: a, end: b}}\n`,
        `${head("Run", "wrong")}spec: {codeLocation: cells, assetSelection: cells, partitionKey: z}\n`,
      ].join("---\n"),
    );
    const verdict = await project.ctl("validate", "-k", "backfill.yaml");
    expect(verdict).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/backfill\.yaml:11:1: .*no partition z/),
    });
    const dev = await project.dev("-k", "backfill.yaml", "--storage", "cells");
    await until(
      "both manifests",
      async () =>
        dev.stdout.includes("✗ Run wrong") && /Backfill two .*: requested as [a-z]{8}/.test(dev.stdout),
    );
    const [two] = await project.json<{ id: string; title: string }[]>("backfill", "list", "--url", dev.url);
    expect(two?.title).toBe("two");
    const followed = await project.ctl("backfill", "show", two?.id.slice(0, 5) ?? "", "-w", "--url", dev.url);
    expect(followed).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/COMPLETED_SUCCESS, 2 done of 2/),
    });
    const tag = `dagster/backfill=${two?.id}`;
    expect(await project.json("run", "list", "--tag", tag, "--url", dev.url)).toHaveLength(2);

    const rest = await project.ctl(
      "asset",
      "backfill",
      "cells",
      "--all",
      "--only-missing",
      "-w",
      "--url",
      dev.url,
    );
    expect(rest.code).toBe(1);
    expect(rest.stdout).toMatch(/COMPLETED_FAILED, 1 failed of 1/);
    const [failed] = await project.json<{ id: string }[]>(
      "backfill",
      "list",
      "--status",
      "completed_failed",
      "--url",
      dev.url,
    );
    project.write("mended", "");
    const again = await project.ctl("backfill", "re-execute", failed?.id ?? "", "-w", "--url", dev.url);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/1 done of 1/) });
    const job = await project.ctl("job", "backfill", "all_cells", "-p", "a,b", "-w", "--url", dev.url);
    expect(job).toMatchObject({ code: 0, stdout: expect.stringMatching(/2 done of 2/) });
    for (const [args, code, words] of [
      [
        ["asset", "backfill", "cells"],
        2,
        "a backfill needs partitions: give --partitions, --from and --to, or --all",
      ],
      [["asset", "backfill", "cells", "--from", "a"], 2, "--to is missing"],
      [["asset", "backfill", "cells", "-p", "z"], 3, 'asset cells has no partition "z"'],
      [["job", "backfill", "all_cell", "--all"], 3, "all_cell"],
      [
        ["asset", "backfill", "cells", "-p", "a", "--only-missing"],
        2,
        "none of these partitions is missing or failed",
      ],
      [["backfill", "cancel", failed?.id ?? ""], 5, "it has already ended"],
      [["backfill", "show", "nobodyis"], 3, "Backfill nobodyis does not exist"],
    ] as const) {
      const refused = await project.ctl(...args, "--url", dev.url);
      expect([refused.code, refused.stderr]).toEqual([code, expect.stringContaining(words)]);
    }
    await dev.stop();
    const second = await project.dev("-k", "backfill.yaml", "--storage", "cells");
    await until("the manifest again", async () =>
      second.stdout.includes(`was requested before as ${two?.id}`),
    );
    await second.stop();
  });

  test("migrate makes the storage and says where", async () => {
    expect(await project.ctl("migrate", "--storage", "fresh")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("fresh"),
    });
    expect((await project.ctl("migrate", "--storage", "mysql://x/y")).code).toBe(2);
  });
});
