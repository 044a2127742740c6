import { expect, test } from "@jest/globals";
import { internalsOf } from "../src/definitions.ts";
import { validateRunConfig } from "../src/evaluate.ts";
import {
  asset,
  Definitions,
  executeInProcess,
  job,
  type LogRecord,
  logger,
  materialize,
  op,
  z,
} from "../src/index.ts";

const fails = op("fails", ({ log }) => {
  log.info("before", { rows: 3 });
  throw new Error("no luck");
});
const records: LogRecord[] = [];
const closed: string[] = [];
const kept = logger({
  config: z.object({ as: z.string() }),
  create: async ({ config, run }) => ({
    write: (record) => {
      records.push(record);
    },
    close: () => void closed.push(`${config.as} of ${run.job}`),
  }),
});
const work = job("work", { loggers: { kept } }, () => {
  fails();
});

/** What is written to stderr meanwhile. */
async function stderrOf(act: () => Promise<unknown>): Promise<string> {
  const { write } = process.stderr;
  let text = "";
  process.stderr.write = ((chunk: string) => {
    text += chunk;
    return true;
  }) as typeof write;
  try {
    await act();
  } finally {
    process.stderr.write = write;
  }
  return text;
}

test("a logger that run config names is told of lines and events, and closed after the last", async () => {
  await executeInProcess(work, { raise: false });
  expect(records).toEqual([]);
  const runConfig = { loggers: { kept: { config: { as: "kept" } } } };
  await executeInProcess(work, { raise: false, runConfig });
  const types = records.map(({ type }) => type).filter((type) => !type.startsWith("RESOURCE"));
  expect(types).toEqual(["STEP_START", "LOG_MESSAGE", "STEP_FAILURE"]);
  expect(records.at(-2)).toMatchObject({
    level: "INFO",
    message: "before",
    fields: { rows: 3 },
    stepKey: "fails",
    job: "work",
  });
  expect(records.at(-1)?.error?.message).toContain("no luck");
  expect(closed).toEqual(["kept of work"]);
});

test("console writes what is of its level or above to stderr; unnamed it writes nothing", async () => {
  const said = asset("said", ({ log }) => {
    log.debug("quiet");
    log.error("loud");
  });
  const run = (loggers?: object) =>
    stderrOf(() => materialize([said], loggers && { runConfig: { loggers } }));
  expect(await run()).toBe("");
  const lines = (await run({ console: { config: { log_level: "error", name: "shop" } } }))
    .trimEnd()
    .split("\n");
  expect(lines).toEqual([expect.stringMatching(/ - shop - ERROR - __ASSET_JOB - .* - said - loud$/)]);
  expect(await run({ console: null })).toContain("loud");
  expect(await run({ console: { config: { log_level: "DEBUG" } } })).toContain(" - quiet\n");
});

test("one that throws is told on stderr once and fails nothing; one that cannot be made fails the step", async () => {
  const broken = logger({
    create: () => async () => {
      throw new Error("disk full");
    },
  });
  const unmade = logger({
    create: () => {
      throw new Error("no token");
    },
  });
  const nothing = logger({ create: () => 7 as never });
  const fine = op("fine", ({ log }) => log.info("one"));
  const all = job("all", { loggers: { broken, unmade, nothing } }, () => void fine());
  const text = await stderrOf(() => executeInProcess(all, { runConfig: { loggers: { broken: {} } } }));
  expect(text).toBe("WARNING logger broken failed: disk full\n");
  const failed = (loggers: object) => executeInProcess(all, { runConfig: { loggers } });
  await expect(failed({ unmade: {} })).rejects.toThrow("logger unmade could not be made: no token");
  await expect(failed({ nothing: {} })).rejects.toThrow("neither a function nor an object with write");
});

test("what is wrong in the block is said with its path, and the schema names what there is", () => {
  const other = job("other", () => void op("nothing", () => 1)());
  const definitions = new Definitions({
    jobs: [work, other],
    loggers: { everywhere: logger({ create: () => () => 0 }) },
  });
  const issues = (name: string, loggers: unknown) =>
    validateRunConfig(definitions, name, { loggers }).map(({ path, message }) => `${path}: ${message}`);
  expect(issues("work", { kept: { config: {} }, console: { config: { log_level: "LOUD" } } })).toEqual([
    expect.stringMatching(/^loggers.console.config.log_level: /),
    expect.stringMatching(/^loggers.kept.config.as: /),
  ]);
  expect(issues("other", { kept: {}, everywhere: { config: 1 } })).toEqual([
    expect.stringMatching(/^loggers.kept: is unknown/),
    expect.stringMatching(/^loggers.everywhere.config: is unknown/),
  ]);
  expect(issues("work", "console")).toEqual(["loggers: must be an object"]);
  const schema = internalsOf(definitions).jobs.get("work")?.def.runConfigSchema as {
    properties: { loggers: { properties: object } };
  };
  expect(Object.keys(schema.properties.loggers.properties)).toEqual(["console", "everywhere", "kept"]);
  expect(() => new Definitions({ loggers: { wrong: {} as never } })).toThrow(
    "logger wrong of Definitions is no logger",
  );
});
