import { notifications } from "@mantine/notifications";
import { send } from "../graphql/client.ts";
import {
  DeleteRun,
  ReexecuteRun,
  type ReexecutionStrategy,
  TerminateRuns,
} from "../graphql/generated/operations.ts";
import { queryClient } from "../graphql/hooks.ts";
import { refusalOf } from "../launch/launch.ts";

/** Asks for cancellation; returns what could not be canceled, as messages. `force` marks as canceled without waiting. */
export async function terminate(runIds: readonly string[], force = false): Promise<string[]> {
  const { terminateRuns: answer } = await send(TerminateRuns, {
    runIds,
    policy: force ? "MARK_AS_CANCELED_IMMEDIATELY" : "SAFE_TERMINATE",
  });
  refresh();
  if (answer.__typename === "PythonError") return [answer.message];
  return answer.terminateRunResults.flatMap((r) => ("message" in r ? [r.message] : []));
}

export async function remove(runIds: readonly string[]): Promise<string[]> {
  const failed: string[] = [];
  for (const runId of runIds) {
    const { deletePipelineRun: answer } = await send(DeleteRun, { runId });
    if (answer.__typename !== "DeletePipelineRunSuccess")
      failed.push(`${runId.slice(0, 8)}: ${answer.message}`);
  }
  refresh();
  return failed;
}

/** Launches the run again; the new run's id, or why not. */
export async function reexecute(
  parentRunId: string,
  strategy: ReexecutionStrategy,
): Promise<{ runId: string } | { refused: string }> {
  const { launchPipelineReexecution: answer } = await send(ReexecuteRun, {
    params: { parentRunId, strategy, useParentRunTags: true },
  });
  refresh();
  if (answer.__typename === "LaunchRunSuccess") return { runId: answer.run.runId };
  if (answer.__typename === "RunConfigValidationInvalid")
    return { refused: answer.errors.map((e) => `${e.path.join(".")}: ${e.message}`).join("\n") };
  return { refused: refusalOf(answer).message };
}

function refresh(): void {
  for (const name of ["Runs", "RunsCount", "RunPage", "RunStatus", "Timeline"])
    void queryClient.invalidateQueries({ queryKey: [name] });
}

/** Tells what a bulk action did. */
export function report(done: string, total: number, failed: readonly string[]): void {
  if (failed.length === 0) notifications.show({ message: `${done} ${total} run${total === 1 ? "" : "s"}` });
  else
    notifications.show({
      color: "red",
      title: `${failed.length} of ${total} not done`,
      message: failed.slice(0, 3).join("\n"),
      autoClose: 10_000,
    });
}

export function reportFailure(error: unknown): void {
  notifications.show({
    color: "red",
    title: "That did not work",
    message: error instanceof Error ? error.message : String(error),
    autoClose: 10_000,
  });
}
