/** Concurrency pools: their limits, who holds a slot and who waits. */
import {
  DEFAULT_POOL_SETTINGS,
  InvalidInput,
  type PoolSettings,
  type PoolState,
} from "@dagster-operator/engine";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";

export const MIN_POOL_LIMIT = 0;
export const MAX_POOL_LIMIT = 1000;
const MAX_NAME = 500;

export const poolSettings = (ctx: Context): PoolSettings => ctx.instance.queue.pools ?? DEFAULT_POOL_SETTINGS;

/** Those with a limit or in use, and those that code names. */
export function poolStates(ctx: Context): Promise<PoolState[]> {
  const named = new Set<string>();
  for (const { snapshot } of ctx.workspace.list())
    for (const node of snapshot?.nodes ?? [])
      if (node.kind === "op" && node.pool !== undefined) named.add(node.pool);
  return ctx.storage.pools.list(poolSettings(ctx), [...named]);
}

export async function poolState(ctx: Context, pool: string): Promise<PoolState> {
  const settings = poolSettings(ctx);
  const states = await ctx.storage.pools.list(settings, [pool]);
  return (
    states.find((state) => state.pool === pool) ?? {
      pool,
      limit: settings.defaultLimit,
      usesDefault: true,
      slots: [],
    }
  );
}

const held = ({ slots }: PoolState) => slots.filter(({ heldAt }) => heldAt !== null);
const waiting = ({ slots }: PoolState) => slots.filter(({ heldAt }) => heldAt === null);
const runIds = (slots: PoolState["slots"]) => [...new Set(slots.map(({ runId }) => runId))];

const ClaimedConcurrencySlot = builder
  .objectRef<PoolState["slots"][number]>("ClaimedConcurrencySlot")
  .implement({ fields: (t) => ({ runId: t.exposeString("runId"), stepKey: t.exposeString("stepKey") }) });
const PendingConcurrencyStep = builder
  .objectRef<PoolState["slots"][number]>("PendingConcurrencyStep")
  .implement({
    fields: (t) => ({
      runId: t.exposeString("runId"),
      stepKey: t.exposeString("stepKey"),
      enqueuedTimestamp: t.float({ resolve: ({ askedAt }) => askedAt / 1000 }),
      assignedTimestamp: t.float({ nullable: true, resolve: () => null }),
      priority: t.exposeInt("priority", { nullable: true }),
    }),
  });
export const ConcurrencyKeyInfo = builder.objectRef<PoolState>("ConcurrencyKeyInfo").implement({
  fields: (t) => ({
    concurrencyKey: t.exposeString("pool"),
    slotCount: t.int({ resolve: ({ limit }) => limit ?? 0 }),
    claimedSlots: t.field({ type: [ClaimedConcurrencySlot], resolve: held }),
    pendingSteps: t.field({ type: [PendingConcurrencyStep], resolve: waiting }),
    activeSlotCount: t.int({ resolve: (state) => held(state).length }),
    activeRunIds: t.stringList({ resolve: (state) => runIds(held(state)) }),
    pendingStepCount: t.int({ resolve: (state) => waiting(state).length }),
    pendingStepRunIds: t.stringList({ resolve: (state) => runIds(waiting(state)) }),
    assignedStepCount: t.int({ resolve: () => 0 }),
    assignedStepRunIds: t.stringList({ resolve: () => [] }),
    limit: t.exposeInt("limit", { nullable: true }),
    usingDefaultLimit: t.exposeBoolean("usesDefault", { nullable: true }),
  }),
});
export const PoolConfig = builder.objectRef<PoolSettings>("PoolConfig").implement({
  fields: (t) => ({
    poolGranularity: t.exposeString("granularity", { nullable: true }),
    defaultPoolLimit: t.exposeInt("defaultLimit", { nullable: true }),
    opGranularityRunBuffer: t.exposeInt("runBuffer", { nullable: true }),
  }),
});

builder.mutationFields((t) => ({
  setConcurrencyLimit: t.boolean({
    args: { concurrencyKey: t.arg.string({ required: true }), limit: t.arg.int({ required: true }) },
    resolve: async (_root, { concurrencyKey, limit }, ctx) => {
      if (limit < MIN_POOL_LIMIT || limit > MAX_POOL_LIMIT)
        throw new InvalidInput(
          `pool ${concurrencyKey} cannot have ${limit} slots: give a number from ${MIN_POOL_LIMIT} (nothing starts) to ${MAX_POOL_LIMIT}`,
        );
      if (concurrencyKey.trim() === "" || concurrencyKey.length > MAX_NAME)
        throw new InvalidInput(`a pool's name has 1 to ${MAX_NAME} letters`);
      await ctx.storage.pools.setLimit(concurrencyKey, limit);
      return true;
    },
  }),
  deleteConcurrencyLimit: t.boolean({
    args: { concurrencyKey: t.arg.string({ required: true }) },
    resolve: (_root, { concurrencyKey }, ctx) => ctx.storage.pools.deleteLimit(concurrencyKey),
  }),
  freeConcurrencySlotsForRun: t.boolean({
    args: { runId: t.arg.string({ required: true }) },
    resolve: async (_root, { runId }, ctx) => (await ctx.storage.pools.free(runId)) > 0,
  }),
  freeConcurrencySlots: t.boolean({
    args: { runId: t.arg.string({ required: true }), stepKey: t.arg.string() },
    resolve: async (_root, { runId, stepKey }, ctx) =>
      (await ctx.storage.pools.free(runId, stepKey ?? undefined)) > 0,
  }),
}));
