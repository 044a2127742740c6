import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

const sdk = fileURLToPath(new URL("..", import.meta.url));
let folder: string;

/** Two whole copies, each with a zod of its own: as a user's image and a worker have them. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sdk-copies-"));
  for (const name of ["users", "workers"]) {
    mkdirSync(join(folder, name, "node_modules"), { recursive: true });
    cpSync(join(sdk, "package.json"), join(folder, name, "package.json"));
    cpSync(join(sdk, "src"), join(folder, name, "src"), { recursive: true });
    cpSync(join(sdk, "../node_modules/zod"), join(folder, name, "node_modules/zod"), { recursive: true });
  }
  symlinkSync(join(sdk, "../node_modules/@types"), join(folder, "users/node_modules/@types"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("definitions made with one copy of the package are run by another", () => {
  writeFileSync(
    join(folder, "definitions.ts"),
    `import { asset, Definitions, Failure, md, RetryRequested, z } from "./users/src/index.ts";
     const rows = asset("rows", { config: z.object({ n: z.number().default(2) }) }, ({ config, metadata, retryNumber }) => {
       if (retryNumber === 0) throw new RetryRequested();
       metadata({ note: md("*hi*") });
       return config.n;
     });
     const bad = asset("bad", { inputs: { rows }, retryPolicy: { maxRetries: 3 } }, () => { throw new Failure("no", { allowRetries: false }); });
     export default new Definitions({ assets: [rows, bad] });`,
  );
  writeFileSync(
    join(folder, "worker.ts"),
    `import definitions from "./definitions.ts";
     import { isDefinitions } from "./workers/src/internal.ts";
     import { materialize } from "./workers/src/index.ts";
     const result = await materialize(definitions, { raise: false, runConfig: { ops: { rows: { config: { n: 3 } } } } });
     console.log(JSON.stringify({ is: isDefinitions(definitions), values: result.stored.map(({ value }) => value), types: result.events.map(({ type }) => type), note: result.eventsOf("ASSET_MATERIALIZATION")[0]?.metadata.note, schema: definitions.snapshot().nodes[0] }));`,
  );
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const { stdout, stderr, status } = spawnSync(process.execPath, ["worker.ts"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const seen = JSON.parse(stdout) as { is: boolean; values: unknown[]; types: string[]; note: unknown };
  expect(seen).toMatchObject({ is: true, values: [3], note: { type: "markdown", value: "*hi*" } });
  expect(seen.types.filter((type) => /RETRY|RESTARTED|FAILURE/.test(type))).toEqual([
    "STEP_UP_FOR_RETRY",
    "STEP_RESTARTED",
    "STEP_FAILURE",
    "RUN_FAILURE",
  ]);
});
