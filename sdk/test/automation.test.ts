import { expect, test } from "@jest/globals";
import {
  AutomationCondition,
  asset,
  assetCheck,
  automationConditionSensor,
  Definitions,
  job,
  multiAssetCheck,
  multiAssetSensor,
  op,
  runFailureSensor,
  SkipReason,
} from "../src/index.ts";
import { ConditionDef, evaluateSensor, parseMultiAssetCursor } from "../src/internal.ts";

const eager = AutomationCondition.eager();
const a = asset("a", { group: "raw", automationCondition: eager }, () => 1);
const b = asset("b", { deps: [a], automationCondition: AutomationCondition.onCron("0 6 * * *") }, () => 1);
const plain = asset("plain", () => 1);
const idle = op("idle", () => 1);
const work = job("work", () => void idle());

test("conditions are plain JSON in the snapshot, and the schema takes them", () => {
  const { assets } = new Definitions({ assets: [a, b, plain] }).snapshot();
  expect(assets.map(({ automation }) => (automation as { label?: string } | undefined)?.label)).toEqual([
    "eager",
    "on_cron(0 6 * * *, UTC)",
    undefined,
  ]);
  for (const { automation } of assets.slice(0, 2))
    expect(ConditionDef.parse(JSON.parse(JSON.stringify(automation)))).toEqual(automation);
});

test("one and of several, unless one has a name of its own", () => {
  const { missing, inProgress, executionFailed } = AutomationCondition;
  const two = missing().and(executionFailed());
  expect(two.and(missing()).def).toMatchObject({ kind: "and", operands: [{}, {}, {}] });
  expect(two.withLabel("two").and(missing()).def).toMatchObject({
    kind: "and",
    operands: [{ label: "two" }, {}],
  });
  expect(missing().or(inProgress()).def).toMatchObject({
    kind: "or",
    operands: [{}, { label: "in_progress" }],
  });
});

test("parts of a condition are replaced, taken out, and told which dependencies to look at", () => {
  const { missing } = AutomationCondition;
  const replaced = eager.replace("any_deps_missing", missing());
  expect(JSON.stringify(replaced.def)).not.toContain("any_deps_missing");
  expect(replaced.without(missing().not()).def).toMatchObject({ kind: "and", label: "eager" });
  expect(() => eager.without(missing())).toThrow("is not an operand");
  const ignoring = JSON.stringify(eager.ignore(a).allow("group:raw").allow([b]).def);
  expect(ignoring).toContain('"ignore":["(key:\\"a\\")"]');
  expect(ignoring).toContain('"allow":["((group:raw)) and ((key:\\"b\\"))"]');
  expect(() => eager.ignore("group:")).toThrow();
  expect(() => AutomationCondition.onCron("0 6 * *")).toThrow();
  expect(() => AutomationCondition.cronTickPassed("0 6 * * *", "Mars/Base")).toThrow();
});

test("the default sensor evaluates what no other does, and is there only where there is something", () => {
  const own = automationConditionSensor("own", { target: "group:raw", defaultStatus: "RUNNING" });
  const sensors = (options: ConstructorParameters<typeof Definitions>[0]) =>
    new Definitions(options).snapshot().sensors.map(({ name, kind, assets }) => [name, kind, assets]);
  expect(sensors({ assets: [plain] })).toEqual([]);
  expect(sensors({ assets: [a, b, plain] })).toEqual([
    ["default_automation_condition_sensor", "automation", [["a"], ["b"]]],
  ]);
  expect(sensors({ assets: [a, b], sensors: [own] })).toEqual([
    ["own", "automation", [["a"]]],
    ["default_automation_condition_sensor", "automation", [["b"]]],
  ]);
  const other = automationConditionSensor("other", { target: [a, b] });
  expect(() => new Definitions({ assets: [a, b], sensors: [own, other] })).toThrow(
    "asset a is evaluated by the sensors own and other",
  );
});

test("a check has a condition, evaluated by the sensor of its asset; one that is about assets is refused", () => {
  const rows = assetCheck("rows", { asset: a, automationCondition: eager }, () => true);
  const { sums, more } = multiAssetCheck(
    "two",
    { checks: { sums: { asset: plain, automationCondition: eager }, more: { asset: plain } } },
    () => ({ sums: true, more: true }),
  );
  const raw = automationConditionSensor("raw_conditions", { target: "group:raw" });
  const made = new Definitions({ assets: [a, b, plain], checks: [rows, sums, more], sensors: [raw] });
  const { checks, sensors } = made.snapshot();
  expect(checks.map(({ name, automation }) => [name, automation !== undefined])).toEqual([
    ["rows", true],
    ["sums", true],
    ["more", false],
  ]);
  expect(sensors.map(({ name, assets, checks }) => [name, assets, checks])).toEqual([
    ["raw_conditions", [["a"]], [{ asset: ["a"], name: "rows" }]],
    ["default_automation_condition_sensor", [["b"]], [{ asset: ["plain"], name: "sums" }]],
  ]);
  const alone = new Definitions({ assets: [plain], checks: [sums, more] }).snapshot().sensors;
  expect(alone.map(({ name }) => name)).toEqual(["default_automation_condition_sensor"]);
  const about = (automationCondition: AutomationCondition) => () =>
    assetCheck("rows", { asset: a, automationCondition }, () => true);
  expect(about(AutomationCondition.missing().or(AutomationCondition.codeVersionChanged()))).toThrow(
    'automation condition of check rows of asset a: code_version_changed is about assets; ask it of the asset: AutomationCondition.assetMatches("a", …)',
  );
  expect(about(AutomationCondition.assetMatches(a, AutomationCondition.codeVersionChanged()))).not.toThrow();
});

test("a sensor that watches a job that is not there is refused, with the name that was meant", () => {
  const watching = runFailureSensor("alert", { monitoredJobs: ["wrok"] }, () => undefined);
  expect(() => new Definitions({ jobs: [work], sensors: [watching] })).toThrow(/watches job wrok.*work/);
  const elsewhere = runFailureSensor(
    "alert",
    { monitoredJobs: [{ location: "x", job: "wrok" }] },
    () => undefined,
  );
  expect(new Definitions({ jobs: [work], sensors: [elsewhere] }).snapshot().sensors[0]?.monitors).toEqual({
    kind: "runs",
    status: "FAILURE",
    jobs: [{ location: "x", job: "wrok" }],
    allLocations: false,
    ownRuns: false,
  });
});

const event = (id: number, partition?: string) => ({
  id,
  runId: null,
  ts: id,
  metadata: {},
  ...(partition && { partition }),
});
const evaluate = (
  sensor: ReturnType<typeof multiAssetSensor>,
  cursor: string | null,
  events: ReturnType<typeof event>[],
) =>
  evaluateSensor(new Definitions({ assets: [a], jobs: [work], sensors: [sensor] }), sensor.name, {
    cursor,
    lastRunKey: null,
    lastTickTime: null,
    watched: { assets: [{ asset: ["a"], latest: events.at(-1) ?? null, events }] },
    signal: new AbortController().signal,
  });

test("a multi-asset sensor remembers at most 25 partitions that it passed over", async () => {
  const passing = multiAssetSensor("passing", { monitoredAssets: [a], job: work }, (context) => {
    const all = context.materializations(a);
    context.advanceCursor(...all.slice(-1));
  });
  const some = Array.from({ length: 10 }, (_, n) => event(n + 1, `p${n}`));
  const { cursor } = await evaluate(passing, null, some);
  expect(Object.keys(parseMultiAssetCursor(cursor ?? null).get("a")?.unconsumed ?? {})).toHaveLength(9);
  const many = Array.from({ length: 26 }, (_, n) => event(n + 1, `p${n}`));
  await expect(evaluate(passing, null, many)).rejects.toThrow("advanceAllCursors()");
});

test("a multi-asset sensor is told when it asks for an asset that it does not watch; a broken cursor is none", async () => {
  const wrong = multiAssetSensor("wrong", { monitoredAssets: [a], job: work }, (context) => {
    context.latestMaterialization(b);
    return new SkipReason("never");
  });
  await expect(evaluate(wrong, null, [event(1)])).rejects.toThrow("does not watch asset b");
  const all = multiAssetSensor("all", { monitoredAssets: [a], job: work }, (context) =>
    context.advanceAllCursors(),
  );
  expect((await evaluate(all, "no JSON", [event(1)])).cursor).toBe('{"a":[null,1,{}]}');
});
