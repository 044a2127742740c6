import { afterEach, describe, expect, test } from "@jest/globals";
import { type Dev, Project, until } from "./system.ts";

let project: Project;
afterEach(() => project.remove());

const NAMED = `
import { asset, Definitions, defineAssetJob, schedule } from "@dagster-operator/sdk";
const made = asset(process.env.COLOUR ?? "plain", {}, () => 1);
const all = defineAssetJob("all", { selection: "*" });
export default new Definitions({ assets: [made], jobs: [all], schedules: [schedule("nightly", { job: all, cron: "0 0 29 2 *" })] });
`;
interface Location {
  name: string;
  locationOrLoadError: null | {
    message?: string;
    repositories?: {
      assetNodes: { assetKey: { path: string[] } }[];
      jobs: { name: string }[];
      schedules: Schedule[];
    }[];
  };
}
interface Schedule {
  name: string;
  scheduleState: { status: string };
}
const QUERY = `{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {
  ... on PythonError { message }
  ... on RepositoryLocation { repositories {
    assetNodes { assetKey { path } } jobs { name } schedules { name scheduleState { status } }
  } }
} } } } }`;

let dev: Dev;
/** Asked over GraphQL: a process of its own for each question would be most of the test's time. */
async function locations(): Promise<Location[]> {
  const response = await fetch(`${dev.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: QUERY }),
  });
  const { data } = (await response.json()) as { data: { workspaceOrError: { locationEntries: Location[] } } };
  return data.workspaceOrError.locationEntries;
}
const repositories = async () =>
  (await locations()).flatMap(({ locationOrLoadError }) => locationOrLoadError?.repositories ?? []);
const assets = async () =>
  (await repositories())
    .flatMap((one) => one.assetNodes.map(({ assetKey }) => assetKey.path.join("/")))
    .sort();
const jobs = async () => (await repositories()).flatMap((one) => one.jobs.map(({ name }) => name));
const problem = async (name: string) =>
  (await locations()).find((one) => one.name === name)?.locationOrLoadError?.message ?? "";
/** Waits until these are the locations, in the order of their names: `name` loaded, `name in error`. */
const listed = async (...expected: string[]) =>
  until(
    `the locations to be ${expected.join(", ")}`,
    async () =>
      (await locations())
        .map(({ name, locationOrLoadError }) =>
          locationOrLoadError?.repositories
            ? name
            : `${name} ${locationOrLoadError?.message === undefined ? "is loading" : "in error"}`,
        )
        .sort()
        .join(", ") === expected.join(", "),
  );
const said = (what: RegExp) => until(`dagsterctl dev to say ${what}`, async () => what.test(dev.stdout));

describe("dagsterctl dev follows", () => {
  test("workspace.yaml: a location that is added, stated differently and removed, and keeps what it had while the file is broken", async () => {
    project = new Project({
      "a.ts": NAMED,
      "b.ts": NAMED,
      "workspace.yaml": "load_from:\n  - typescript_file: a.ts\n",
    });
    dev = await project.dev();
    await listed("a.ts");

    const both = (colour: string) =>
      `load_from:\n  - typescript_file: a.ts\n  - typescript_file: { relative_path: b.ts, env: { COLOUR: ${colour} } }\n`;
    project.write("workspace.yaml", both("red"));
    await listed("a.ts", "b.ts");
    expect(await assets()).toEqual(["plain", "red"]);

    project.write("workspace.yaml", both("blue"));
    await until("the other colour", async () => (await assets()).includes("blue"));

    project.write("workspace.yaml", "load_from:\n  - typescript_file: a.ts\n  - typescript_fil: b.ts\n");
    await listed("a.ts", "b.ts", "workspace.yaml in error");
    const broken = await problem("workspace.yaml");
    expect(broken).toMatch(/workspace\.yaml:3:5: unknown key "typescript_fil".*Did you mean/);
    expect(broken).toContain("What was loaded before goes on until this is corrected.");
    await said(/✗ workspace\.yaml {2}workspace\.yaml:3:5: unknown key/);
    expect((await project.ctl("asset", "materialize", "blue", "-w")).code).toBe(0);

    // A location whose code is not there yet: read again when it is, without another change of the list.
    project.write(
      "workspace.yaml",
      "load_from:\n  - typescript_file: { relative_path: b.ts, env: { COLOUR: blue } }\n  - typescript_file: c.ts\n",
    );
    await until("the missing file to be reported", async () =>
      (await problem("workspace.yaml")).includes("c.ts does not exist"),
    );
    project.write("c.ts", NAMED);
    await listed("b.ts", "c.ts");
    await said(/✓ workspace\.yaml {2}corrected/);
    await said(/– a\.ts .*no longer listed/);
    expect(await dev.stop()).toBe(0);
  });

  test("manifests: objects that are added, changed and taken away, and a run that is submitted once", async () => {
    const object = (kind: string, name: string, spec: object) =>
      JSON.stringify({ apiVersion: "dagster-operator.io/v1alpha1", kind, metadata: { name }, spec });
    project = new Project({
      "code.ts": NAMED,
      "manifests/location.json": object("CodeLocation", "shop", { image: "shop:1", file: "code.ts" }),
    });
    dev = await project.dev("-k", "manifests");
    await listed("shop");

    project.write(
      "manifests/job.json",
      object("Job", "made-here", { codeLocation: "shop", assetSelection: "*", tags: { team: "red" } }),
    );
    project.write("manifests/run.json", object("Run", "first", { jobRef: { name: "made-here" } }));
    await until("the run of the manifest", async () => (await dev.runs()).length > 0);
    const [run] = await dev.runs();
    expect(run?.jobName).toBe("made_here");
    expect(run?.tags).toContainEqual({ key: "team", value: "red" });
    expect((await dev.ended(run?.runId ?? "")).status).toBe("SUCCESS");

    const status = async () =>
      (await repositories()).flatMap((one) => one.schedules).find(({ name }) => name === "nightly")
        ?.scheduleState.status;
    const schedule = (suspend: boolean) =>
      project.write(
        "manifests/schedule.json",
        object("Schedule", "nightly", { codeLocation: "shop", suspend }),
      );
    schedule(false);
    await until("the schedule to run", async () => (await status()) === "RUNNING");
    schedule(true);
    await until("the schedule to stop", async () => (await status()) === "STOPPED");

    project.write("manifests/broken.yaml", "kind: [\n");
    await listed("manifests in error", "shop");
    await said(/✗ manifests {2}manifests\/broken\.yaml:\d+:\d+: /);
    project.write("manifests/broken.yaml", "");
    await listed("shop");

    project.write("manifests/job.json", "");
    project.write("manifests/run.json", "");
    await until("the job to go", async () => !(await jobs()).includes("made_here"));
    expect(await dev.runs()).toHaveLength(1);
    expect(await dev.stop()).toBe(0);
  });
});
