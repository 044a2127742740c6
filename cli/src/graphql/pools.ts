/** Concurrency pools over GraphQL. */
import type { Client } from "./client.ts";

export interface Pool {
  name: string;
  /** null = no limit. */
  limit: number | null;
  usesDefault: boolean;
  held: { runId: string; stepKey: string }[];
  waiting: { runId: string; stepKey: string }[];
}

export const POOLS = `query Pools {
  instance {
    id
    poolConfig { poolGranularity defaultPoolLimit opGranularityRunBuffer }
    concurrencyLimits {
      concurrencyKey limit usingDefaultLimit
      claimedSlots { runId stepKey }
      pendingSteps { runId stepKey }
    }
  }
}`;
export const SET_LIMIT = `mutation SetPoolLimit($pool: String!, $limit: Int!) { setConcurrencyLimit(concurrencyKey: $pool, limit: $limit) }`;
export const DELETE_LIMIT = `mutation DeletePoolLimit($pool: String!) { deleteConcurrencyLimit(concurrencyKey: $pool) }`;
export const FREE_SLOTS = `mutation FreePoolSlots($runId: String!, $stepKey: String) { freeConcurrencySlots(runId: $runId, stepKey: $stepKey) }`;

interface PoolsAnswer {
  instance: {
    poolConfig: { poolGranularity: string };
    concurrencyLimits: {
      concurrencyKey: string;
      limit: number | null;
      usingDefaultLimit: boolean;
      claimedSlots: Pool["held"];
      pendingSteps: Pool["waiting"];
    }[];
  };
}

export async function listPools(client: Client): Promise<{ granularity: string; pools: Pool[] }> {
  const { instance } = await client.query<PoolsAnswer>(POOLS);
  return {
    granularity: instance.poolConfig.poolGranularity,
    pools: instance.concurrencyLimits.map((pool) => ({
      name: pool.concurrencyKey,
      limit: pool.limit,
      usesDefault: pool.usingDefaultLimit,
      held: pool.claimedSlots,
      waiting: pool.pendingSteps,
    })),
  };
}

export async function setPoolLimit(client: Client, pool: string, limit: number): Promise<void> {
  await client.query(SET_LIMIT, { pool, limit });
}

/** False = no limit was set for it. */
export async function deletePoolLimit(client: Client, pool: string): Promise<boolean> {
  return (await client.query<{ deleteConcurrencyLimit: boolean }>(DELETE_LIMIT, { pool }))
    .deleteConcurrencyLimit;
}

/** False = the run held and awaited none. */
export async function freePoolSlots(client: Client, runId: string, stepKey?: string): Promise<boolean> {
  return (await client.query<{ freeConcurrencySlots: boolean }>(FREE_SLOTS, { runId, stepKey }))
    .freeConcurrencySlots;
}
