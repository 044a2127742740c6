/** Asset checks and their evaluations. */
import type { CheckRecord } from "@dagster-operator/engine";
import { assetId, type CheckModel } from "../definitions/location-index.ts";
import { builder, byTypename } from "./builder.ts";
import type { Context } from "./context.ts";
import {
  AssetCheckCanExecuteIndividually,
  AssetCheckExecutionResolvedStatus,
  AssetCheckSeverity,
} from "./enums.ts";
import { AssetCheckNeedsMigrationError, AssetCheckNotFoundError } from "./errors.ts";
import { metadataEntries } from "./metadata.ts";
import { AssetCheck, AssetKey, type EventModel, MetadataEntry, Run, runModel } from "./refs.ts";

type CheckEvent = Omit<EventModel, "event"> & { event: CheckRecord["event"] };
export const AssetCheckEvaluation = builder.objectRef<CheckEvent>("AssetCheckEvaluation").implement({
  fields: (t) => ({
    timestamp: t.float({ resolve: (e) => e.event.ts / 1000 }),
    checkName: t.string({ resolve: (e) => e.event.check }),
    assetKey: t.field({ type: AssetKey, resolve: (e) => e.event.asset }),
    metadataEntries: t.field({ type: [MetadataEntry], resolve: (e) => metadataEntries(e.event.metadata) }),
    severity: t.field({ type: AssetCheckSeverity, resolve: (e) => e.event.severity }),
    description: t.string({ nullable: true, resolve: (e) => e.event.description ?? null }),
    partition: t.string({ nullable: true, resolve: (e) => e.event.partition ?? null }),
    success: t.boolean({ resolve: (e) => e.event.passed }),
  }),
});
export const AssetCheckExecution = builder.objectRef<CheckRecord>("AssetCheckExecution").implement({
  fields: (t) => ({
    id: t.string({ resolve: (record) => String(record.id) }),
    runId: t.string({ resolve: (record) => record.runId ?? "" }),
    status: t.field({
      type: AssetCheckExecutionResolvedStatus,
      resolve: ({ event }) => (event.passed ? "SUCCEEDED" : "FAILED"),
    }),
    evaluation: t.field({ type: AssetCheckEvaluation, nullable: true, resolve: (record) => record }),
    timestamp: t.float({ resolve: (record) => record.event.ts / 1000 }),
    partition: t.string({ nullable: true, resolve: (record) => record.event.partition ?? null }),
    stepKey: t.string({ nullable: true, resolve: (record) => record.event.stepKey ?? null }),
    run: t.field({
      type: Run,
      nullable: true,
      resolve: async (record, _args, ctx) => {
        const run = record.runId ? await ctx.runs.get(record.runId) : null;
        return run ? runModel(run) : null;
      },
    }),
  }),
});

/** A check that is part of its asset's own computation cannot run without it. */
const runsAlone = ({ def, location }: CheckModel): boolean =>
  location.assets.get(assetId(def.asset))?.def.node !== def.node;
async function latestExecution(ctx: Context, { def }: CheckModel): Promise<CheckRecord | null> {
  const records = await ctx.checks.get(assetId(def.asset));
  return records.find((record) => record.event.check === def.name) ?? null;
}
AssetCheck.implement({
  fields: (t) => ({
    name: t.string({ resolve: (check) => check.def.name }),
    assetKey: t.field({ type: AssetKey, resolve: (check) => check.def.asset }),
    description: t.string({ nullable: true, resolve: (check) => check.def.description ?? null }),
    jobNames: t.stringList({
      resolve: ({ def, location }) => location.jobsOfAsset.get(assetId(def.asset)) ?? [],
    }),
    executionForLatestMaterialization: t.field({
      type: AssetCheckExecution,
      nullable: true,
      resolve: (check, _args, ctx) => latestExecution(ctx, check),
    }),
    canExecuteIndividually: t.field({
      type: AssetCheckCanExecuteIndividually,
      resolve: (check) => (runsAlone(check) ? "CAN_EXECUTE" : "REQUIRES_MATERIALIZATION"),
    }),
    blocking: t.boolean({ resolve: (check) => check.def.blocking }),
    additionalAssetKeys: t.field({ type: [AssetKey], resolve: () => [] }),
  }),
});
const AssetChecks = builder
  .objectRef<{ __typename: "AssetChecks"; checks: CheckModel[] }>("AssetChecks")
  .implement({ fields: (t) => ({ checks: t.expose("checks", { type: [AssetCheck] }) }) });
export const AssetChecksOrError = builder.unionType("AssetChecksOrError", {
  types: [AssetChecks, AssetCheckNeedsMigrationError],
  resolveType: byTypename,
});
export const AssetCheckOrError = builder.unionType("AssetCheckOrError", {
  types: [AssetCheck, AssetCheckNotFoundError],
  resolveType: byTypename,
});
