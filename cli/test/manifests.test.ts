import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { SourceError } from "../src/input/source.ts";
import { planManifests } from "../src/manifests/plan.ts";
import { readManifests } from "../src/manifests/read.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dagsterctl-manifests-"));
  write("code/definitions.ts", "");
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}
const head = (kind: string, name: string) =>
  `apiVersion: dagster-operator.io/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\n`;
const LOCATION = `${head("CodeLocation", "sales")}spec: {file: code/definitions.ts}\n`;
const plan = (env: Record<string, string> = {}) => planManifests(readManifests(folder).manifests, [], env);
function messages(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof SourceError)
      return error.places.map(
        ({ file, line, message }) => `${file.slice(folder.length + 1)}:${line} ${message}`,
      );
    throw error;
  }
  return [];
}

describe("manifests", () => {
  test("become locations, jobs, schedules, switches and requests", () => {
    write(
      "all.yaml",
      [
        LOCATION,
        `${head("Job", "nightly")}spec: {codeLocation: sales, assetSelection: "group:raw+", tags: {team: red}, executor: multiprocess}\n`,
        `${head("Job", "eu-report")}spec: {codeLocation: sales, job: report, runConfig: {ops: {a: {config: {region: eu}}}}, partitionKey: "2026-01-01"}\n`,
        `${head("Schedule", "at-four")}spec: {cron: 0 4 * * *, timeZone: Europe/Rome, jobRef: {name: nightly}}\n`,
        `${head("Schedule", "hourly")}spec: {crons: [0 * * * *], codeLocation: sales, assetSelection: total, suspend: true}\n`,
        `${head("Schedule", "from-code")}spec: {codeLocation: sales, schedule: from_code, suspend: false}\n`,
        `${head("Sensor", "inbox")}spec: {codeLocation: sales, suspend: true}\n`,
        `${head("Run", "once")}spec: {codeLocation: sales, job: report, partitionKey: "2026-01-02"}\n`,
        `${head("Backfill", "january")}spec: {jobRef: {name: eu-report}, partitionRange: {start: "2026-01-01", end: "2026-01-31"}}\n`,
      ].join("---\n"),
    );
    const { locations, extra, switches, requests, notes } = plan();
    expect(locations).toMatchObject([
      {
        kind: "typescript",
        name: "sales",
        file: join(folder, "code/definitions.ts"),
        workingDirectory: folder,
      },
    ]);
    expect(extra.get("sales")?.jobs).toMatchObject([
      {
        name: "nightly",
        target: { selection: "group:raw+" },
        tags: { team: "red" },
        executor: "multiprocess",
      },
      {
        name: "eu_report",
        target: { job: "report" },
        tags: { "dagster/partition": "2026-01-01" },
        runConfig: { ops: { a: { config: { region: "eu" } } } },
      },
      { name: "hourly_run", target: { selection: "total" } },
    ]);
    expect(extra.get("sales")?.schedules).toMatchObject([
      { name: "at_four", job: "nightly", cron: ["0 4 * * *"], timezone: "Europe/Rome", status: "RUNNING" },
      { name: "hourly", job: "hourly_run", status: "STOPPED" },
    ]);
    expect(switches.map(({ kind, name, status }) => [kind, name, status])).toEqual([
      ["SCHEDULE", "hourly", "STOPPED"],
      ["SCHEDULE", "from_code", "RUNNING"],
      ["SENSOR", "inbox", "STOPPED"],
    ]);
    expect(requests).toMatchObject([
      { kind: "Run", job: "report", partitionKey: "2026-01-02" },
      { kind: "Backfill", job: "eu_report", partitionRange: { start: "2026-01-01", end: "2026-01-31" } },
    ]);
    expect(notes).toEqual([]);
  });

  test("ask for the same run under the same key until their content changes", () => {
    const run = (spec: string) => {
      write("run.yaml", `${LOCATION}---\n${head("Run", "once")}spec: ${spec}\n`);
      return plan().requests[0]?.idempotencyKey;
    };
    const first = run("{codeLocation: sales, job: a}");
    expect(run("{codeLocation: sales, job: a}  # a comment")).toBe(first);
    expect(run("{codeLocation: sales, job: a, tags: {x: y}}")).not.toBe(first);
  });

  test("say what of them is for the cluster only", () => {
    write(
      "a.yaml",
      `${head("CodeLocation", "sales")}spec:\n  image: example/sales:1\n  file: code/definitions.ts\n  replicas: 2\n  resources: {limits: {cpu: 1}}\n  env:\n    - {name: A, value: b}\n    - {name: SECRET, valueFrom: {secretKeyRef: {name: s, key: k}}}\n`,
    );
    write("b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n");
    write("kustomization.yaml", "resources: [a.yaml]\n");
    const read = readManifests(folder);
    expect(read.notes).toEqual([
      expect.stringMatching(/b\.yaml:1: ConfigMap x \(v1\) is passed over/),
      expect.stringContaining("kustomization.yaml is passed over"),
    ]);
    const { locations, notes } = planManifests(read.manifests, [], { SECRET: "from the shell" });
    expect(locations).toMatchObject([{ env: { A: "b" } }]);
    expect(notes).toEqual([
      "CodeLocation sales: image, replicas, resources are for the cluster and not used here",
    ]);
    expect(messages(() => plan())).toEqual([
      expect.stringMatching(
        /a\.yaml:11 SECRET comes from the cluster \(secretKeyRef\); set it in your shell/,
      ),
    ]);
  });

  test("are refused with file and line for every problem at once", () => {
    write("a.yaml", `${head("CodeLocation", "sales")}spec:\n  fil: code/definitions.ts\n`);
    write(
      "b.yaml",
      `${head("Jb", "x")}spec: {}\n---\napiVersion: dagster-operator.io/v1\nkind: Job\n---\n- 3\n`,
    );
    write("c.yaml", `${head("Job", "Upper")}spec: {codeLocation: sales, job: a, assetSelection: b}\n`);
    write(
      "d.yaml",
      `${head("Backfill", "x")}spec:\n  codeLocation: sales\n  job: a\n  partitionKeys: ["1"]\n  partitionRange: {start: "1", end: "2"}\n`,
    );
    write("e.yaml", `${head("Run", "x")}spec: [\n`);
    const all = messages(() => readManifests(folder));
    expect(all).toContainEqual('a.yaml:5 unknown key "fil". Did you mean "file"?');
    expect(all).toContainEqual('b.yaml:2 there is no kind "Jb" in dagster-operator.io. Did you mean "Job"?');
    expect(all).toContainEqual(
      "b.yaml:6 dagster-operator.io/v1 is not known; this version knows dagster-operator.io/v1alpha1",
    );
    expect(all).toContainEqual("b.yaml:9 this is no manifest: it needs apiVersion and kind");
    expect(all).toContainEqual(expect.stringMatching(/^c\.yaml:3 .*lower case letters/));
    expect(all).toContainEqual(
      expect.stringMatching(/^c\.yaml:4 .*job and assetSelection exclude each other/),
    );
    expect(all).toContainEqual(expect.stringMatching(/^d\.yaml:.*either partitionKeys or partitionRange/));
    expect(all.some((message) => message.startsWith("e.yaml:"))).toBe(true);
  });

  test("must name things that are there, and only once", () => {
    write("a.yaml", LOCATION);
    write(
      "b.yaml",
      `${head("Job", "j")}spec: {codeLocation: sale, assetSelection: a}\n---\n${head("Schedule", "s")}spec: {cron: 0 4 * * *, jobRef: {name: jj}}\n`,
    );
    expect(messages(() => plan())).toEqual([
      'b.yaml:4 there is no CodeLocation "sale" among these manifests. Did you mean "sales"?',
      'b.yaml:9 there is no Job "jj" among these manifests. Did you mean "j"?',
    ]);
    write("b.yaml", LOCATION);
    expect(messages(() => readManifests(folder))).toEqual([
      expect.stringMatching(/^b\.yaml:3 CodeLocation sales is stated twice: also in .*a\.yaml:3/),
    ]);
  });

  test("that ask for what one machine cannot do are refused, not passed over", () => {
    write("a.yaml", LOCATION);
    write(
      "b.yaml",
      [
        `${head("Run", "r")}spec: {codeLocation: sales, job: a, cancel: true}\n`,
        `${head("Schedule", "d")}spec: {codeLocation: sales, tags: {a: b}}\n`,
      ].join("---\n"),
    );
    expect(messages(() => readManifests(folder))).toEqual([
      expect.stringMatching(/only suspend can be set, not tags/),
    ]);
    write("b.yaml", "");
    write("c.yaml", `${head("Run", "r")}spec: {codeLocation: sales, job: a, cancel: true}\n`);
    expect(messages(() => plan())).toEqual([expect.stringContaining("cancel is for the cluster")]);
  });

  test("pace a sensor of the code and say how many missed ticks a schedule makes up for", () => {
    write("a.yaml", LOCATION);
    write(
      "b.yaml",
      [
        `${head("Sensor", "s")}spec: {codeLocation: sales, minimumInterval: 10}\n`,
        `${head("Schedule", "c")}spec: {codeLocation: sales, job: a, cron: 0 4 * * *, catchUp: {maxTicks: 2}}\n`,
      ].join("---\n"),
    );
    const extra = plan().extra.get("sales");
    expect(extra?.sensors).toEqual([{ name: "s", minimumInterval: 10, source: "b.yaml:1" }]);
    expect(extra?.schedules).toMatchObject([{ name: "c", catchUp: { maxTicks: 2 } }]);
  });
});

test("those of the weather example are valid where the code lies, and show every kind", () => {
  const example = fileURLToPath(new URL("../../examples/weather", import.meta.url));
  const kinds = readManifests(join(example, "manifests")).manifests.map(({ object }) => object.kind);
  expect(new Set(kinds)).toEqual(new Set(["CodeLocation", "Job", "Schedule", "Sensor", "Run", "Backfill"]));
  const bin = fileURLToPath(new URL("../bin/dagsterctl.js", import.meta.url));
  const { NODE_OPTIONS: _, ...env } = process.env;
  const answer = spawnSync(process.execPath, ["--conditions=source", bin, "validate", "-k", "manifests"], {
    cwd: example,
    env,
    encoding: "utf8",
  });
  expect(`${answer.stdout}${answer.stderr}`).toContain("✓ weather: 9 assets, 6 jobs, 2 schedules, 1 sensor");
  expect(answer.status).toBe(0);
});
