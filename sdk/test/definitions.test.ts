import { describe, expect, test } from "@jest/globals";
import {
  asset,
  assetCheck,
  assetIn,
  customMapping,
  Definitions,
  DefinitionsError,
  dailyPartitions,
  defineAssetJob,
  env,
  externalAsset,
  isDefinitions,
  job,
  multiAsset,
  op,
  requiredResource,
  resource,
  schedule,
  sensor,
  staticPartitions,
  z,
} from "../src/index.ts";
import { DefinitionsSnapshot } from "../src/model/definitions.ts";
import { kindOf } from "../src/source.ts";

const problemsOf = (make: () => unknown): readonly string[] => {
  try {
    make();
  } catch (error) {
    if (error instanceof DefinitionsError) return error.problems;
    throw error;
  }
  return [];
};
const here = "sdk/test/definitions.test.ts:";

describe("Definitions", () => {
  test("two assets of one key are one problem that names both places", () => {
    const one = asset("raw/orders", () => 1);
    const other = asset(["raw", "orders"], () => 2);
    const problems = problemsOf(() => new Definitions({ assets: [one, other] }));
    expect(problems[0]).toContain("asset raw/orders is defined twice");
    expect(problems[0]?.split(here)).toHaveLength(3);
  });

  test("a partition mapping to a partition that can never be is refused", () => {
    const sales = asset("sales", { partitions: staticPartitions(["rome"]) }, () => 1);
    const visits = asset("visits", { partitions: dailyPartitions({ start: "2024-01-01" }) }, () => 1);
    const table = { kind: "static" as const, downstreamByUpstream: { rome: ["itt"] } };
    const days = customMapping(dailyPartitions({ start: "2024-01-01" }), () => "fr");
    const byCountry = asset(
      "by_country",
      {
        partitions: staticPartitions(["it"]),
        inputs: { sales: assetIn(sales, { mapping: table }), visits: assetIn(visits, { mapping: days }) },
      },
      () => 2,
    );
    const problems = problemsOf(() => new Definitions({ assets: [sales, visits, byCountry] }));
    expect(problems).toEqual([
      expect.stringMatching(
        /^asset by_country.*definitions.test.ts.* depends on sales: its partition mapping says that rome is needed by partition "itt", and there is no such partition — did you mean it/,
      ),
      expect.stringContaining(
        'depends on visits: its partition mapping says that 2024-01-01 is needed by partition "fr"',
      ),
    ]);
  });

  test("another function of a partition mapping is another definition", () => {
    const days = dailyPartitions({ start: "2024-01-01" });
    const visits = asset("visits", { partitions: days }, () => 1);
    const hash = (half: (day: string) => string) => {
      const inputs = { visits: assetIn(visits, { mapping: customMapping(days, half) }) };
      const halves = asset("halves", { partitions: staticPartitions(["a", "b"]), inputs }, () => 2);
      return new Definitions({ assets: [visits, halves] }).snapshot().hash;
    };
    const before = hash(() => "a");
    expect(hash(() => "a")).toBe(before);
    expect(hash(() => "b")).not.toBe(before);
  });

  test("one of several assets may be made of another of them, by its name there", () => {
    const source = asset("source", () => 1);
    const { left, right, alone } = multiAsset(
      "pair",
      {
        keyPrefix: "two",
        inputs: { source },
        assets: { left: { key: "first" }, right: { deps: ["left"] }, alone: { deps: ["source"] } },
      },
      () => ({ left: 1, right: 2, alone: 3 }),
    );
    const { assets } = new Definitions({ assets: [source, left, right, alone] }).snapshot();
    const deps = Object.fromEntries(
      assets.map((one) => [one.key.join("/"), one.deps.map(({ key }) => key.join("/"))]),
    );
    expect(deps).toEqual({
      source: [],
      "two/first": ["source"],
      "two/right": ["source", "two/first"],
      "two/alone": ["source", "source"],
    });
    const circle = multiAsset("circle", { assets: { a: { deps: ["b"] }, b: { deps: ["a"] } } }, () => ({
      a: 1,
      b: 2,
    }));
    expect(problemsOf(() => new Definitions({ assets: [circle] }))[0]).toContain(
      "depend on each other in a circle",
    );
    const unknown = multiAsset("unknown", { assets: { a: { deps: ["bb"] } } }, () => ({ a: 1 }));
    expect(problemsOf(() => new Definitions({ assets: [unknown] }))[0]).toContain(
      "a (sdk/test/definitions.test.ts",
    );
  });

  test("the same asset may be given twice", () => {
    const one = asset("one", () => 1);
    expect(new Definitions({ assets: [one, [one], { module: one }] }).snapshot().assets).toHaveLength(1);
  });

  test("ops, jobs, schedules and sensors of one name are refused, each by kind", () => {
    const a = op("same", () => 1);
    const b = op("same", () => 2);
    const jobs = [job("j", () => void a()), job("j", () => void b())];
    const cron = "0 0 * * *";
    const problems = problemsOf(
      () =>
        new Definitions({
          jobs: [...jobs, job("k", () => void b())],
          schedules: [schedule("s", { job: "k", cron }), schedule("s", { job: "k", cron })],
          sensors: [sensor("n", { job: "k" }, () => undefined), sensor("n", { job: "k" }, () => undefined)],
        }),
    );
    for (const what of ["op or graph same", "job j", "schedule s", "sensor n"]) {
      expect(
        problems.filter((problem) => problem.startsWith(`${what} is defined twice: once (${here}`)),
      ).toHaveLength(1);
    }
  });

  test("a circle of assets is named in the direction of the data", () => {
    const first = asset("first", { deps: ["third"] }, () => 1);
    const second = asset("second", { deps: [first] }, () => 1);
    const third = asset("third", { deps: [second] }, () => 1);
    const problems = problemsOf(() => new Definitions({ assets: [first, second, third] }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      /first → second → third → first|second → third → first → second|third → first → second → third/,
    );
  });

  test("an asset that depends on itself is a circle", () => {
    const problems = problemsOf(() => new Definitions({ assets: [asset("a", { deps: ["a"] }, () => 1)] }));
    expect(problems[0]).toContain("a → a");
  });

  test("an unknown upstream comes with the nearest name, one that is only not listed with its place", () => {
    const orders = asset("raw/orders", () => 1);
    const hidden = asset("hidden", () => 1);
    const problems = problemsOf(
      () =>
        new Definitions({
          assets: [orders, asset("b", { deps: ["raw/order"], inputs: { hidden } }, () => 1)],
        }),
    );
    expect(problems.find((problem) => problem.includes("raw/order:"))).toContain("did you mean raw/orders?");
    expect(problems.find((problem) => problem.includes("hidden"))).toContain(
      "is not in Definitions: add it to `assets`",
    );
  });

  test("a resource that nothing provides, an unknown IO manager and an unknown job are reported together", () => {
    const mailer = requiredResource<{ send(): void }>();
    const db = resource(() => 1);
    const problems = problemsOf(
      () =>
        new Definitions({
          assets: [
            asset("a", { resources: { mailer }, ioManager: "wharehouse" }, () => 1),
            asset("b", { ioManager: { db: db as never } }, () => 1),
          ],
          schedules: [schedule("s", { job: "nightyl", cron: "0 0 * * *" })],
          jobs: [defineAssetJob("nightly")],
          resources: { warehouse: { handleOutput: () => undefined, loadInput: () => undefined } },
        }),
    );
    const all = problems.join("\n");
    expect(all).toContain("needs resource mailer");
    expect(all).toContain(
      "IO manager wharehouse, which is not among the resources — did you mean warehouse?",
    );
    expect(all).toContain("IO manager db, which is a resource");
    expect(all).toContain("starts job nightyl: there is no job of this name — did you mean nightly?");
    expect(problems).toHaveLength(4);
  });

  test("one resource name for two definitions is refused unless Definitions says which", () => {
    const one = resource(() => 1);
    const two = resource(() => 2);
    const assets = [
      asset("a", { resources: { db: one } }, () => 1),
      asset("b", { resources: { db: two } }, () => 1),
    ];
    expect(problemsOf(() => new Definitions({ assets }))[0]).toContain("resource db is one thing");
    expect(problemsOf(() => new Definitions({ assets, resources: { db: two } }))).toEqual([]);
  });

  test("names that cannot be are refused", () => {
    expect(problemsOf(() => new Definitions({ assets: [asset("my-asset", () => 1)] }))).toEqual([
      expect.stringContaining("asset my-asset"),
    ]);
  });

  test("an input of an op that is connected to nothing is refused", () => {
    const plus = op("plus", { inputs: { x: z.number(), y: z.number().default(1) } }, () => 1);
    const call = plus as unknown as (inputs: object) => unknown;
    const problems = problemsOf(() => new Definitions({ jobs: [job("j", () => void call({}))] }));
    expect(problems).toEqual([expect.stringContaining("input x of plus in j")]);
  });

  test("a job whose selection names nothing known is a problem of the job", () => {
    const problems = problemsOf(
      () =>
        new Definitions({
          assets: [asset("a", () => 1)],
          jobs: [defineAssetJob("j", { selection: "b+ and" })],
        }),
    );
    expect(problems[0]).toMatch(/^job j \(.*definitions\.test\.ts/);
  });

  test("a cron expression, a time zone and a run config that cannot be are told at once", () => {
    const chart = asset("chart", { config: z.object({ width: z.number(), unit: z.string() }) }, () => 1);
    const drawn = defineAssetJob("drawn", {
      runConfig: { ops: { chart: { config: { width: "wide", unit: "C" } } } },
    });
    const problems = problemsOf(
      () =>
        new Definitions({
          assets: [chart],
          schedules: [
            schedule({
              job: drawn,
              cron: ["0 4 * *", "0 4 * * *"],
              timezone: "Europe/Rom",
              runConfig: { op: {} },
            }),
          ],
        }),
    );
    expect(problems).toEqual([
      expect.stringMatching(/^schedule drawn_schedule \(.*\): .*0 4 \* \*/),
      expect.stringContaining("Europe/Rom"),
      expect.stringMatching(/^run config of job drawn \(.*\): ops\.chart\.config\.width: /),
      expect.stringMatching(
        /^run config of schedule drawn_schedule \(.*\): op: is unknown — did you mean ops\?$/,
      ),
    ]);
  });

  test("things that are no definitions are refused by field", () => {
    expect(problemsOf(() => new Definitions({ assets: [undefined] }))[0]).toContain(
      "`assets` of Definitions holds undefined",
    );
    expect(problemsOf(() => new Definitions({ jobs: [asset("a", () => 1)] }))[0]).toContain(
      "`jobs` of Definitions holds asset",
    );
  });

  test("a module is opened: its assets are taken, the rest passed over", () => {
    const module = { a: asset("a", () => 1), helper: () => 1, size: 3, list: [asset("b", () => 1)] };
    expect(new Definitions({ assets: [module] }).snapshot().assets.map(({ key }) => key)).toEqual([
      ["a"],
      ["b"],
    ]);
  });

  test("definitions are known by a symbol, so that those of another copy of the package are too", () => {
    const definitions = new Definitions();
    expect(isDefinitions(definitions)).toBe(true);
    expect(isDefinitions({ [Symbol.for("@dagster-operator/sdk/kind")]: "definitions" })).toBe(true);
    expect(isDefinitions({})).toBe(false);
    expect(kindOf(null)).toBeUndefined();
  });
});

describe("the snapshot", () => {
  const db = resource({
    config: z.object({ url: z.string(), pool: z.number().default(4) }),
    create: () => 1,
  });
  const orders = asset(
    "raw/orders",
    { group: "raw", kinds: ["csv"], owners: ["team:x"], metadata: { rows: 3 } },
    () => [1],
  );
  const revenue = asset(
    "revenue",
    {
      inputs: { orders },
      deps: ["raw/clicks"],
      config: z.object({ currency: z.string().default("EUR") }),
      resources: { db },
    },
    () => 1,
  );
  const check = assetCheck("positive", { asset: revenue, blocking: true }, ({ value }) => value > 0);
  const nightly = defineAssetJob("nightly", { selection: "+revenue" });
  const make = () =>
    new Definitions({
      assets: [orders, revenue, externalAsset("raw/clicks")],
      checks: [check],
      schedules: [schedule({ job: nightly, cron: "0 4 * * *" })],
      resources: { db: db.configured({ url: env("DB_URL") }) },
    });

  test("fits its own schema and is the same object each time", () => {
    const definitions = make();
    const snapshot = definitions.snapshot();
    expect(DefinitionsSnapshot.parse(JSON.parse(JSON.stringify(snapshot)))).toEqual(
      JSON.parse(JSON.stringify(snapshot)),
    );
    expect(definitions.snapshot()).toBe(snapshot);
  });

  test("has the hash of its content: the same for the same definitions, another for others", () => {
    expect(make().snapshot().hash).toBe(make().snapshot().hash);
    expect(make().snapshot().hash).toMatch(/^[0-9a-f]{64}$/);
    expect(new Definitions({ assets: [orders] }).snapshot().hash).not.toBe(make().snapshot().hash);
  });

  test("shows a variable of the environment by name and asks for no configured value again", () => {
    const found = make()
      .snapshot()
      .resources.find(({ name }) => name === "db");
    expect(found?.config).toEqual({ url: { env: "DB_URL" } });
    expect(found?.configSchema).not.toHaveProperty("required");
    expect(found?.usedBy.assets).toEqual([["revenue"]]);
  });

  test("has the implicit job of all assets that can be made, and jobs with what their selection came to", () => {
    const { jobs, schedules } = make().snapshot();
    const targets = Object.fromEntries(
      jobs.map(({ name, target }) => [name, "assets" in target ? target.assets : []]),
    );
    expect(targets).toEqual({
      nightly: [["raw", "orders"], ["revenue"]],
      __ASSET_JOB: [["raw", "orders"], ["revenue"]],
    });
    expect(schedules).toMatchObject([
      { name: "nightly_schedule", job: "nightly", timezone: "UTC", evaluates: false },
    ]);
  });

  test("says where each asset was written", () => {
    expect(make().snapshot().assets[0]?.source).toMatch(/^sdk\/test\/definitions\.test\.ts:\d+$/);
  });
});

test("an option that there is not is refused, with the one that was probably meant", () => {
  const load = op("load", () => 1);
  const nightly = job("nightly", () => {
    load();
  });
  const options = (given: object) => given as never;
  const orders = asset("orders", () => 1);
  const refused: [() => unknown, RegExp][] = [
    [
      () => asset("a", options({ partition: 1 }), () => 1),
      /^asset a: there is no option "partition" — did you mean partitions\?$/,
    ],
    [
      () => op("o", options({ retries: 3 }), () => 1),
      /^op o: there is no option "retries"; there are description, inputs/,
    ],
    [() => job("j", options({ tag: {} }), () => {}), /^job j: .*did you mean tags\?$/],
    [
      () => schedule(options({ job: nightly, cron: "0 4 * * *", timeZone: "Europe/Rome" })),
      /^schedule nightly_schedule: .*did you mean timezone\?$/,
    ],
    [
      () => sensor("s", options({ job: nightly, minimumIntervalSeconds: 5 }), () => undefined),
      /^sensor s: .*did you mean minimumInterval\?$/,
    ],
    [
      () => assetCheck("c", options({ asset: orders, blokcing: true }), () => true),
      /^asset check c: .*did you mean blocking\?$/,
    ],
    [
      () => dailyPartitions(options({ start: "2024-01-01", timeZone: "Europe/Rome" })),
      /^dailyPartitions: .*did you mean timezone\?$/,
    ],
    [
      () => new Definitions(options({ assets: [orders], assetChecks: [] })),
      /Definitions: there is no option "assetChecks"; there are assets, checks/,
    ],
  ];
  for (const [make, message] of refused) expect(make).toThrow(message);
});
