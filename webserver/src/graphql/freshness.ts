/** How old an asset may be, and whether it is older. */
import { freshnessOf } from "@dagster-operator/engine";
import type { FreshnessPolicyDef } from "@dagster-operator/sdk/internal";
import { builder } from "./builder.ts";
import { AssetNode } from "./refs.ts";
import { seconds } from "./time.ts";

type Of<K extends FreshnessPolicyDef["kind"]> = Extract<FreshnessPolicyDef, { kind: K }>;
const TimeWindowFreshnessPolicy = builder
  .objectRef<Of<"time_window">>("TimeWindowFreshnessPolicy")
  .implement({
    fields: (t) => ({
      failWindowSeconds: t.int({ resolve: ({ failWindow }) => Math.round(failWindow) }),
      warnWindowSeconds: t.int({
        nullable: true,
        resolve: ({ warnWindow }) => (warnWindow === undefined ? null : Math.round(warnWindow)),
      }),
    }),
  });
const CronFreshnessPolicy = builder.objectRef<Of<"cron">>("CronFreshnessPolicy").implement({
  fields: (t) => ({
    deadlineCron: t.exposeString("deadlineCron"),
    lowerBoundDeltaSeconds: t.int({ resolve: ({ lowerBoundDelta }) => Math.round(lowerBoundDelta) }),
    timezone: t.exposeString("timezone"),
  }),
});
const InternalFreshnessPolicy = builder.unionType("InternalFreshnessPolicy", {
  types: [TimeWindowFreshnessPolicy, CronFreshnessPolicy],
  resolveType: ({ kind }) => (kind === "cron" ? "CronFreshnessPolicy" : "TimeWindowFreshnessPolicy"),
});
const STATUS = { PASS: "HEALTHY", WARN: "WARNING", FAIL: "DEGRADED", UNKNOWN: "UNKNOWN" } as const;
const AssetHealthStatus = builder.enumType("AssetHealthStatus", {
  values: ["HEALTHY", "WARNING", "DEGRADED", "UNKNOWN", "NOT_APPLICABLE"] as const,
});
const AssetHealthFreshnessMeta = builder.objectRef<{ at: number }>("AssetHealthFreshnessMeta").implement({
  fields: (t) => ({
    lastMaterializedTimestamp: t.float({ nullable: true, resolve: ({ at }) => seconds(at) }),
  }),
});
interface Status {
  status: (typeof STATUS)[keyof typeof STATUS];
  at: number | null;
}
const FreshnessStatusInfo = builder.objectRef<Status>("FreshnessStatusInfo").implement({
  fields: (t) => ({
    freshnessStatus: t.expose("status", { type: AssetHealthStatus }),
    freshnessStatusMetadata: t.field({
      type: AssetHealthFreshnessMeta,
      nullable: true,
      resolve: ({ at }) => (at === null ? null : { at }),
    }),
  }),
});
builder.objectFields(AssetNode, (t) => ({
  internalFreshnessPolicy: t.field({
    type: InternalFreshnessPolicy,
    nullable: true,
    resolve: ({ def }) => def.freshnessPolicy ?? null,
  }),
  freshnessStatusInfo: t.field({
    type: FreshnessStatusInfo,
    nullable: true,
    description: "Looked at now; null without a policy.",
    resolve: async ({ id, def }, _args, ctx): Promise<Status | null> => {
      if (!def.freshnessPolicy) return null;
      const at = (await ctx.assetStates.get(id))?.lastMaterialization?.event.ts ?? null;
      return { status: STATUS[freshnessOf(def.freshnessPolicy, at, ctx.clock.now())], at };
    },
  }),
}));
