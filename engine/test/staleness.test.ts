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
  return { key: orders, stale: false, compared: true, now, before: now, ...over };
};
const reasons = (record: AssetEventRecord | null, ups: Upstream[], of = asset) =>
  staleness(of, record, ups).causes.map(({ category, reason }) => [category, reason]);

describe("staleness", () => {
  test("never made is missing, made of what there is now is fresh", () => {
    expect(staleness(asset, null, [upstream()]).status).toBe("MISSING");
    expect(staleness(asset, made(5), [upstream()])).toEqual({ status: "FRESH", causes: [] });
  });

  test("other code", () => {
    expect(reasons(made(5, { codeVersion: "1" }), [upstream()])).toEqual([
      ["CODE", "has a new code version"],
    ]);
  });

  test("other data: by its version when it has one, else by each materialization", () => {
    const [then, now] = [made(3), made(9)];
    expect(reasons(made(5), [upstream({ before: then, now })])).toEqual([
      ["DATA", "raw/orders has a new materialization"],
    ]);
    const same = { before: made(3, { dataVersion: "x" }), now: made(9, { dataVersion: "x" }) };
    expect(reasons(made(5), [upstream(same)])).toEqual([]);
    expect(reasons(made(5), [upstream({ ...same, now: made(9, { dataVersion: "y" }) })])).toEqual([
      ["DATA", "raw/orders has a new data version"],
    ]);
    expect(reasons(made(5), [upstream({ before: null, now })])).toHaveLength(1);
    expect(reasons(made(5), [upstream({ before: null, now: null })])).toEqual([]);
    expect(reasons(made(5), [upstream({ before: then, now, compared: false })])).toEqual([]);
  });

  test("an upstream asset that is stale itself", () => {
    expect(reasons(made(5), [upstream({ stale: true })])).toEqual([["DATA", "stale dependency raw/orders"]]);
  });

  test("dependencies that came and went", () => {
    expect(reasons(made(5, { upstream: [["gone"]] }), [upstream()])).toEqual([
      ["DEPENDENCIES", "has a new dependency on raw/orders"],
      ["DEPENDENCIES", "removed dependency on gone"],
    ]);
    const { upstream: _, ...unknown } = made(5).event as {
      upstream?: string[][];
    } & AssetEventRecord["event"];
    expect(reasons({ ...made(5), event: unknown }, [upstream()])).toEqual([]);
  });

  test("what was reported from outside, and what is not made here, is fresh", () => {
    const other = upstream({ before: made(3), now: made(9) });
    expect(staleness(asset, { ...made(5), runId: null }, [other]).status).toBe("FRESH");
    expect(staleness({ ...asset, kind: "observable" }, null, [other]).status).toBe("FRESH");
  });
});
