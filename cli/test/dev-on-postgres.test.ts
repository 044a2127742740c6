import { type TestDatabase, withPostgres } from "@dagster-operator/storage/testing";
import { afterEach, expect, test } from "@jest/globals";
import { DEFINITIONS, Project } from "./system.ts";

let project: Project;
let database: TestDatabase;
afterEach(async () => {
  await project.remove();
  await database.drop();
});

test("dagsterctl dev on a Postgres server keeps runs over a restart, and never shows the password", async () => {
  project = new Project({ "definitions.ts": DEFINITIONS });
  database = await withPostgres({ migrated: false });
  const url = new URL(database.url);
  url.password = "secret";
  expect((await project.ctl("migrate", "--storage", url.href)).code).toBe(0);
  let dev = await project.dev("--storage", url.href);
  expect((await project.ctl("asset", "materialize", "+total", "-w")).code).toBe(0);
  const runs = await dev.runs();
  expect(runs).toMatchObject([{ status: "SUCCESS" }]);
  expect(dev.text()).not.toContain("secret");
  expect(await dev.stop()).toBe(0);
  dev = await project.dev("--storage", url.href);
  expect(await dev.runs()).toEqual(runs);
  await dev.stop();
});

test("a second system on the same Postgres server is refused, told who the first is, and welcome after its kill -9", async () => {
  project = new Project({ "definitions.ts": DEFINITIONS });
  const other = new Project({ "definitions.ts": DEFINITIONS });
  try {
    database = await withPostgres({ migrated: false });
    const first = await project.dev("--storage", database.url);
    for (const command of [
      ["dev", "-p", "0"],
      ["asset", "materialize", "+total", "-f", "definitions.ts"],
    ]) {
      const answer = await other.ctl(...command, "--storage", database.url);
      expect(answer.code).not.toBe(0);
      expect(answer.stderr).toContain(`is in use by dagsterctl, process ${first.child.pid} on `);
      expect(answer.stdout).not.toContain("Page");
    }
    await first.stop("SIGKILL");
    const second = await other.dev("--storage", database.url);
    expect(await second.stop()).toBe(0);
  } finally {
    await other.remove();
  }
});

test("dagsterctl dev says when the Postgres server does not answer", async () => {
  project = new Project({ "definitions.ts": DEFINITIONS });
  database = { url: "", drop: async () => undefined };
  const answer = await project.ctl("dev", "-p", "0", "--storage", "postgres://me:secret@127.0.0.1:9/nowhere");
  expect(answer).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/127\.0\.0\.1:9\/nowhere does not answer/),
  });
  expect(answer.stdout + answer.stderr).not.toContain("secret");
});
