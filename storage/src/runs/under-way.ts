import { IN_PROGRESS, type RunUnderWay } from "@dagster-operator/engine";
import type { Database } from "../database/database.ts";

const UNDER_WAY = `
  select r.id as "runId", r.status, r.attempt, r.tags, r.started_at as "startedAt", r.updated_at as "updatedAt",
    exists (select from compute_request c where c.run_no = r.no and c.kind = 'launch') as "launchWaits"
  from run r where r.status = any($1::text[]) order by r.no`;

export const underWay = (database: Database): Promise<RunUnderWay[]> =>
  database.rows<RunUnderWay>(UNDER_WAY, [IN_PROGRESS]);
