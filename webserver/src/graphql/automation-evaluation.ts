/** Automation conditions of assets, and why they requested something or not. */
import {
  conditionChildren,
  conditionName,
  conditionOf,
  type EntityKey,
  type EvaluationNode,
  type EvaluationRecord,
  entityId,
  type StoredSubset,
} from "@dagster-operator/engine";
import type { ConditionDef } from "@dagster-operator/sdk/internal";
import { assetId } from "../definitions/location-index.ts";
import { keysOf } from "../definitions/partitions.ts";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import { AssetCheckHandleInput, AssetKeyInput } from "./inputs.ts";
import { AssetCheck, AssetCheckHandle, AssetKey, AssetNode } from "./refs.ts";
import { seconds } from "./time.ts";

const NAMED = ["AND", "OR"];

/** `["(a)", "AND", "(b)"]`: labels of the children where they have one. */
function expanded(name: string, children: { label: string | undefined; expanded: string[] }[]): string[] {
  const texts = children.map(
    (child) =>
      child.label ??
      (child.expanded.length > 1 ? `(${child.expanded.join(" ")})` : (child.expanded[0] ?? "")),
  );
  if (NAMED.includes(name)) return texts.flatMap((text, index) => (index === 0 ? [text] : [name, text]));
  if (name === "SINCE") return [texts[0] ?? "", name, texts[1] ?? ""];
  return texts.length === 0 || !/^[A-Z_(]/.test(name) ? [name] : [name, texts[0] ?? ""];
}
const expandedCondition = (def: ConditionDef): string[] =>
  expanded(
    conditionName(def),
    conditionChildren(def).map((child) => ({ label: child.label, expanded: expandedCondition(child) })),
  );
const expandedNode = ({ name, children }: EvaluationNode): string[] =>
  expanded(
    name,
    children.map((child) => ({ label: child.label, expanded: expandedNode(child) })),
  );

const AutomationCondition = builder.objectRef<ConditionDef>("AutomationCondition").implement({
  fields: (t) => ({
    label: t.string({ nullable: true, resolve: ({ label }) => label ?? null }),
    expandedLabel: t.stringList({ resolve: expandedCondition }),
  }),
});
builder.objectFields(AssetCheck, (t) => ({
  automationCondition: t.field({
    type: AutomationCondition,
    nullable: true,
    resolve: ({ def }) => conditionOf(def) ?? null,
  }),
}));
builder.objectFields(AssetNode, (t) => ({
  automationCondition: t.field({
    type: AutomationCondition,
    nullable: true,
    resolve: ({ def }) => conditionOf(def) ?? null,
  }),
}));

/** A node with its place in the tree: `0.1` is the second child of the root. */
interface Placed {
  node: EvaluationNode;
  id: string;
  record: EvaluationRecord;
  of: EntityKey;
}
function placed(record: EvaluationRecord): Placed[] {
  const walk = (node: EvaluationNode, id: string, from: EntityKey): Placed[] => {
    // A dependency's node is about its parent's asset, its children are about the dependency.
    const below = node.asset ? { asset: node.asset, check: node.check } : from;
    return [
      { node, id, record, of: from },
      ...node.children.flatMap((child, index) => walk(child, `${id}.${index}`, below)),
    ];
  };
  return walk(record.root, "0", record);
}
const childIds = ({ node, id }: Placed) => node.children.map((_, index) => `${id}.${index}`);
const isPartitioned = ({ node }: Placed) => node.subset !== undefined || node.candidates > 1 || node.true > 1;

const Entity = builder.unionType("EntityKey", {
  types: [AssetKey, AssetCheckHandle],
  resolveType: (value) => (Array.isArray(value) ? "AssetKey" : "AssetCheckhandle"),
});
const entityModel = ({ asset, check }: EntityKey) => (check === undefined ? asset : { asset, name: check });

const SinceConditionMetadata = builder
  .objectRef<NonNullable<EvaluationNode["since"]>>("SinceConditionMetadata")
  .implement({
    fields: (t) => ({
      triggerEvaluationId: t.id({
        nullable: true,
        resolve: ({ trigger }) => (trigger ? String(trigger[0]) : null),
      }),
      triggerTimestamp: t.float({ nullable: true, resolve: ({ trigger }) => seconds(trigger?.[1]) }),
      resetEvaluationId: t.id({ nullable: true, resolve: ({ reset }) => (reset ? String(reset[0]) : null) }),
      resetTimestamp: t.float({ nullable: true, resolve: ({ reset }) => seconds(reset?.[1]) }),
    }),
  });
const AutomationConditionEvaluationNode = builder
  .objectRef<Placed>("AutomationConditionEvaluationNode")
  .implement({
    fields: (t) => ({
      uniqueId: t.exposeString("id"),
      userLabel: t.string({ nullable: true, resolve: ({ node }) => node.label ?? null }),
      expandedLabel: t.stringList({ resolve: ({ node }) => expandedNode(node) }),
      entityKey: t.field({ type: Entity, resolve: ({ of }) => entityModel(of) }),
      startTimestamp: t.float({ nullable: true, resolve: ({ record }) => seconds(record.at) }),
      endTimestamp: t.float({ nullable: true, resolve: ({ record }) => seconds(record.at) }),
      numTrue: t.int({ nullable: true, resolve: ({ node }) => node.true }),
      numCandidates: t.int({ nullable: true, resolve: ({ node }) => node.candidates }),
      isPartitioned: t.boolean({ resolve: isPartitioned }),
      childUniqueIds: t.stringList({ resolve: childIds }),
      operatorType: t.string({ resolve: ({ node }) => node.kind }),
      sinceMetadata: t.field({
        type: SinceConditionMetadata,
        nullable: true,
        resolve: ({ node }) => node.since ?? null,
      }),
    }),
  });
const AssetConditionEvaluationRecord = builder
  .objectRef<EvaluationRecord>("AssetConditionEvaluationRecord")
  .implement({
    fields: (t) => ({
      id: t.id({ resolve: ({ evaluationId, asset, check }) => `${evaluationId}:${entityId(asset, check)}` }),
      evaluationId: t.id({ resolve: ({ evaluationId }) => String(evaluationId) }),
      runIds: t.exposeStringList("runIds"),
      timestamp: t.float({ resolve: ({ at }) => seconds(at) }),
      assetKey: t.field({
        type: AssetKey,
        nullable: true,
        resolve: ({ asset, check }) => (check === undefined ? asset : null),
      }),
      entityKey: t.field({ type: Entity, resolve: entityModel }),
      numRequested: t.int({ nullable: true, resolve: ({ requested }) => requested }),
      startTimestamp: t.float({ nullable: true, resolve: ({ at }) => seconds(at) }),
      endTimestamp: t.float({ nullable: true, resolve: ({ at }) => seconds(at) }),
      isLegacy: t.boolean({ resolve: () => false }),
      rootUniqueId: t.string({ resolve: () => "0" }),
      evaluationNodes: t.field({ type: [AutomationConditionEvaluationNode], resolve: placed }),
    }),
  });
const AssetConditionEvaluationRecords = builder
  .objectRef<{ __typename: "AssetConditionEvaluationRecords"; records: EvaluationRecord[] }>(
    "AssetConditionEvaluationRecords",
  )
  .implement({
    fields: (t) => ({ records: t.expose("records", { type: [AssetConditionEvaluationRecord] }) }),
  });
const NeedsMigration = builder
  .objectRef<{ __typename: "AutoMaterializeAssetEvaluationNeedsMigrationError"; message: string }>(
    "AutoMaterializeAssetEvaluationNeedsMigrationError",
  )
  .implement({ fields: (t) => ({ message: t.exposeString("message") }) });
const RecordsOrError = builder.unionType("AssetConditionEvaluationRecordsOrError", {
  types: [AssetConditionEvaluationRecords, NeedsMigration],
  resolveType: byTypename,
});
const recordsModel = (records: EvaluationRecord[]) => ({
  __typename: "AssetConditionEvaluationRecords" as const,
  records,
});

/** The location that defines the asset; nobody's has no history. */
const locationOf = (ctx: Context, path: string[]) =>
  ctx.index.assets.get(assetId(path))?.location.name ?? null;
const MAX_RECORDS = 200;
/** The asset or check that is asked for; conditions are of no jobs here. */
interface Asked {
  assetKey?: { path: string[] } | null | undefined;
  assetCheckKey?: { assetKey: { path: string[] }; name: string } | null | undefined;
}
const askedFor = ({ assetKey, assetCheckKey }: Asked): EntityKey =>
  assetCheckKey
    ? { asset: assetCheckKey.assetKey.path, check: assetCheckKey.name }
    : { asset: assetKey?.path ?? [] };

const AssetJobKeyInput = builder.inputType("AssetJobKeyInput", {
  fields: (t) => ({ jobName: t.string({ required: true }) }),
});

builder.queryFields((t) => ({
  assetConditionEvaluationRecordsOrError: t.field({
    type: RecordsOrError,
    nullable: true,
    description:
      "Newest first; those that requested something or differ from the one before. `cursor` is an evaluation id.",
    args: {
      assetKey: t.arg({ type: AssetKeyInput }),
      assetJobKey: t.arg({ type: AssetJobKeyInput }),
      assetCheckKey: t.arg({ type: AssetCheckHandleInput }),
      limit: t.arg.int({ required: true }),
      cursor: t.arg.string(),
    },
    resolve: async (_root, { limit, cursor, ...asked }, ctx) => {
      const of = askedFor(asked);
      const location = locationOf(ctx, of.asset);
      if (location === null) return recordsModel([]);
      const [from] = cursor ? await ctx.storage.automation.evaluation(location, Number(cursor), of) : [];
      const page = { limit: Math.min(limit, MAX_RECORDS), before: from?.at };
      return recordsModel(await ctx.storage.automation.records(location, of, page));
    },
  }),
  assetConditionEvaluationsForEvaluationId: t.field({
    type: RecordsOrError,
    nullable: true,
    description:
      "Of all assets; evaluations are numbered by sensor, so of several sensors there may be several.",
    args: { evaluationId: t.arg.id({ required: true }) },
    resolve: async (_root, { evaluationId }, ctx) => {
      const found = await Promise.all(
        [...ctx.index.locations.keys()].map((name) =>
          ctx.storage.automation.evaluation(name, Number(evaluationId)),
        ),
      );
      return recordsModel(found.flat());
    },
  }),
  truePartitionsForAutomationConditionEvaluationNode: t.field({
    type: ["String"],
    description: "Partitions that a node of an evaluation was true for; [] where they were too many to keep.",
    args: {
      assetKey: t.arg({ type: AssetKeyInput }),
      assetJobKey: t.arg({ type: AssetJobKeyInput }),
      evaluationId: t.arg.id({ required: true }),
      nodeUniqueId: t.arg.string(),
    },
    resolve: async (_root, { assetKey, evaluationId, nodeUniqueId }, ctx) => {
      const path = assetKey?.path ?? [];
      const location = locationOf(ctx, path);
      if (location === null) return [];
      const of = { asset: path };
      const [record] = await ctx.storage.automation.evaluation(location, Number(evaluationId), of);
      const found = record && placed(record).find(({ id }) => id === (nodeUniqueId ?? "0"));
      if (!found?.node.subset) return [];
      const partitions = ctx.index.assets.get(assetId(found.of.asset))?.def.partitions ?? null;
      return within(found.node.subset, await keysOf(ctx, partitions));
    },
  }),
}));

function within(subset: StoredSubset, keys: readonly string[]): string[] {
  if (typeof subset === "boolean") return [];
  if ("keys" in subset) return subset.keys;
  return subset.ranges.flatMap(([first, last]) => {
    const [from, to] = [keys.indexOf(first), keys.indexOf(last)];
    return from < 0 || to < 0 ? [first, last] : keys.slice(from, to + 1);
  });
}
