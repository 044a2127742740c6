import { describe, expect, test } from "@jest/globals";
import { type AssetEventRecord, staleness, type Upstream } from "../src/index.ts";

const orders = ["raw", "orders"];
const asset = {
  key: ["revenue"],
  kind: "materializable" as const,
  codeVersion: "2",
  deps: [{ key: orders, input: "orders" }],
};
const made = (id: number, event: Partial<AssetEventRecord["event"]> = {}): AssetEventRecord => ({
  id,
  runId: "a-run",
  event: {
    type: "ASSET_MATERIALIZATION",
    ts: 0,
    level: "INFO",
    message: "",
    asset: ["revenue"],
    metadata: {},
    codeVersion: "2",
    upstream: [orders],
    ...event,
  } as AssetEventRecord["event"],
});
const upstream = (over: Partial<Upstream> = {}): Upstream => {
  const now = made(3, { asset: orders });
  return { key: orders, partition: null, def: { kind: "materializable" }, now, before: now, ...over };
};
const reasons = (record: AssetEventRecord | null, ups: Upstream[]) =>
  staleness(asset, null, record, ups).causes.map(({ key, category, reason }) => [
    key.join("/"),
    category,
    reason,
  ]);

/** What real Dagster says is in staleness-golden.test.ts. */
describe("staleness", () => {
  test("data that has a version is the same while its version is; other data is new each time", () => {
    const [then, now] = [made(3), { ...made(9), event: { ...made(9).event, ts: 7 } }];
    expect(reasons(made(5), [upstream({ before: then, now })])).toEqual([
      ["raw/orders", "DATA", "has a new materialization"],
    ]);
    const same = { before: made(3, { dataVersion: "x" }), now: made(9, { dataVersion: "x" }) };
    expect(reasons(made(5), [upstream(same)])).toEqual([]);
    expect(reasons(made(5), [upstream({ ...same, now: made(9, { dataVersion: "y" }) })])).toEqual([
      ["raw/orders", "DATA", "has a new data version"],
    ]);
    expect(reasons(made(5), [upstream({ before: null, now })])).toHaveLength(1);
    expect(reasons(made(5), [upstream({ before: null, now: null })])).toEqual([]);
  });

  test("an asset of itself, as it was a day before, is no new dependency", () => {
    const self = upstream({ key: asset.key, partition: "yesterday" });
    expect(reasons(made(5), [upstream(), self])).toEqual([]);
  });

  test("causes of the asset come before those of what it is made of, each once", () => {
    const ups = ["1", "2"].map((partition) => upstream({ key: ["days"], partition, before: null }));
    const changed = upstream({ before: null });
    expect(reasons(made(5, { codeVersion: "1" }), [changed, ...ups])).toEqual([
      ["revenue", "CODE", "has a new code version"],
      ["revenue", "DEPENDENCIES", "has a new dependency on days"],
      ["raw/orders", "DATA", "has a new materialization"],
    ]);
  });
});
