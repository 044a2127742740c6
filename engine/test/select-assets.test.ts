import { InvalidInput, selectAssets } from "@dagster-operator/engine";
import type { DefinitionsSnapshot } from "@dagster-operator/sdk/internal";
import { expect, test } from "@jest/globals";

const snapshot: DefinitionsSnapshot = {
  version: 1,
  language: "typescript",
  library: "0",
  hash: "",
  nodes: [],
  checks: [],
  jobs: [],
  schedules: [],
  sensors: [],
  resources: [],
  assets: ["orders", "revenue"].map((name, i) => ({
    key: [name],
    kind: "materializable",
    group: "default",
    owners: [],
    tags: {},
    kinds: [],
    metadata: {},
    deps: i === 0 ? [] : [{ key: ["orders"], input: "orders" }],
    partitions: null,
    node: name,
    output: "result",
    ioManager: "ioManager",
    canSubset: false,
  })),
};

test("assets of a snapshot are selected by Dagster's syntax", () => {
  expect(selectAssets(snapshot, "+revenue")).toEqual([["orders"], ["revenue"]]);
});

test("a wrong selection is input that a person must correct, with its place", () => {
  expect(() => selectAssets(snapshot, "revenu")).toThrow(InvalidInput);
  expect(() => selectAssets(snapshot, "orders and")).toThrow("orders and\n            ^");
});
