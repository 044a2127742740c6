import type { RunFilter } from "@dagster-operator/engine";
import type { Parameter } from "../database/database.ts";
import { assetKey } from "../database/json.ts";

/** A condition on table `run` r with its parameters, to be continued by the caller through `param`. */
export interface Where {
  sql: string;
  params: Parameter[];
  /** Adds a parameter and returns its placeholder. */
  param(value: Parameter): string;
}

/** Only the conditions that are asked for, so that the planner sees what it may use an index for. */
export function where(filter: RunFilter): Where {
  const params: Parameter[] = [];
  const param = (value: Parameter) => `$${params.push(value)}`;
  const all: string[] = [];
  if (filter.runIds) all.push(`r.id = any(${param(filter.runIds)}::text[])`);
  if (filter.statuses) all.push(`r.status = any(${param(filter.statuses)}::text[])`);
  if (filter.job !== undefined) all.push(`r.job = ${param(filter.job)}`);
  if (filter.location !== undefined) all.push(`r.location = ${param(filter.location)}`);
  for (const { key, values } of filter.tags ?? []) {
    all.push(
      `r.no in (select t.run_no from run_tag t where t.key = ${param(key)} and t.value = any(${param(values)}::text[]))`,
    );
  }
  if (filter.createdAfter !== undefined) all.push(`r.created_at > ${param(filter.createdAfter)}`);
  if (filter.createdBefore !== undefined) all.push(`r.created_at < ${param(filter.createdBefore)}`);
  if (filter.updatedAfter !== undefined) all.push(`r.updated_at > ${param(filter.updatedAfter)}`);
  if (filter.asset) {
    all.push(
      `r.no in (select a.run_no from run_asset a where a.asset_key = ${param(assetKey(filter.asset))})`,
    );
  }
  return { sql: all.length > 0 ? all.join(" and ") : "true", params, param };
}
