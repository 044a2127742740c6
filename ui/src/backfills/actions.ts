import { send } from "../graphql/client.ts";
import {
  CancelBackfill,
  PauseBackfill,
  ReexecuteBackfill,
  type ReexecutionStrategy,
  ResumeBackfill,
} from "../graphql/generated/operations.ts";
import { queryClient } from "../graphql/hooks.ts";

const ASK = {
  cancel: async (id: string) => (await send(CancelBackfill, { id })).cancelPartitionBackfill,
  pause: async (id: string) => (await send(PauseBackfill, { id })).pausePartitionBackfill,
  resume: async (id: string) => (await send(ResumeBackfill, { id })).resumePartitionBackfill,
};

/** @throws Error what the server refused it for */
export async function change(what: keyof typeof ASK, id: string): Promise<void> {
  const answer = await ASK[what](id);
  refresh();
  if ("message" in answer) throw new Error(answer.message);
}

/** The id of the new backfill. @throws Error what the server refused it for */
export async function reexecute(parentRunId: string, strategy: ReexecutionStrategy): Promise<string> {
  const { reexecutePartitionBackfill: answer } = await send(ReexecuteBackfill, {
    params: { parentRunId, strategy },
  });
  refresh();
  if ("backfillId" in answer) return answer.backfillId;
  throw new Error("message" in answer ? answer.message : answer.__typename);
}

export function refresh(): void {
  for (const name of ["Backfills", "BackfillPage", "Runs", "JobPartitionSet"])
    void queryClient.invalidateQueries({ queryKey: [name] });
}
