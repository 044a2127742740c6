import { Button, Menu } from "@mantine/core";
import { IconChevronDown, IconPlayerStop, IconRefresh, IconRefreshAlert } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { WriteButton } from "../access/WriteButton.tsx";
import { isLive } from "../design/Status.tsx";
import { send } from "../graphql/client.ts";
import { ReexecuteSteps, type RunStatus } from "../graphql/generated/operations.ts";
import { executionParams, refusalOf } from "../launch/launch.ts";
import { reexecute, report, reportFailure, terminate } from "../runs/actions.ts";
import { Confirm } from "../runs/Confirm.tsx";
import { keptTags } from "./kept-tags.ts";
import type { Run } from "./RunPage.tsx";

/** Terminate while the run goes on; afterwards run it again: all, from failure, or chosen steps. */
export function RunActions({
  run,
  status,
  canTerminate,
  chosen,
}: {
  run: Run;
  status: RunStatus;
  canTerminate: boolean;
  chosen: readonly string[];
}) {
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const go = async (work: () => Promise<{ runId: string } | { refused: string }>) => {
    setBusy(true);
    try {
      const result = await work();
      if ("refused" in result) reportFailure(result.refused);
      else await navigate({ to: "/runs/$runId", params: { runId: result.runId } });
    } catch (error) {
      reportFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const selected = async () => {
    const origin = run.repositoryOrigin;
    if (!origin) return { refused: "This run does not say which code location it came from." };
    const params = executionParams(
      { location: origin.repositoryLocationName, repository: origin.repositoryName, job: run.jobName },
      {
        config: run.runConfigYaml,
        steps: chosen,
        tags: keptTags(run.tags),
      },
    );
    const { launchPipelineReexecution: answer } = await send(ReexecuteSteps, {
      params: {
        ...params,
        executionMetadata: {
          ...params.executionMetadata,
          parentRunId: run.runId,
          rootRunId: run.rootRunId ?? run.runId,
        },
      },
    });
    if (answer.__typename === "LaunchRunSuccess") return { runId: answer.run.runId };
    return {
      refused:
        answer.__typename === "RunConfigValidationInvalid"
          ? answer.errors.map((e) => e.message).join("\n")
          : refusalOf(answer).message,
    };
  };
  const live = isLive(status);
  return (
    <>
      {live ? (
        <Confirm
          label={status === "CANCELING" ? "Cancel now" : "Terminate"}
          icon={<IconPlayerStop size={15} />}
          color="red"
          variant="light"
          disabled={!canTerminate && status !== "CANCELING"}
          question={status === "CANCELING" ? "Stop waiting for the run to end?" : "Terminate this run?"}
          detail={
            status === "CANCELING"
              ? "The run is marked as canceled at once, also if its process cannot be reached."
              : "Steps that run now are interrupted; what they wrote before stays."
          }
          onConfirm={async () =>
            report("Terminating", 1, await terminate([run.runId], status === "CANCELING"))
          }
        />
      ) : (
        <Menu>
          <Button.Group>
            {status === "FAILURE" || status === "CANCELED" ? (
              <WriteButton
                leftSection={<IconRefreshAlert size={15} />}
                loading={busy}
                onClick={() => void go(() => reexecute(run.runId, "FROM_FAILURE"))}
              >
                Re-execute from failure
              </WriteButton>
            ) : (
              <WriteButton
                variant="default"
                leftSection={<IconRefresh size={15} />}
                loading={busy}
                onClick={() => void go(() => reexecute(run.runId, "ALL_STEPS"))}
              >
                Re-execute all
              </WriteButton>
            )}
            <Menu.Target>
              <WriteButton
                variant={status === "FAILURE" || status === "CANCELED" ? "filled" : "default"}
                px={7}
                aria-label="More ways to re-execute"
              >
                <IconChevronDown size={15} />
              </WriteButton>
            </Menu.Target>
          </Button.Group>
          <Menu.Dropdown>
            <Menu.Item onClick={() => void go(() => reexecute(run.runId, "ALL_STEPS"))}>All steps</Menu.Item>
            <Menu.Item
              onClick={() => void go(() => reexecute(run.runId, "FROM_FAILURE"))}
              disabled={status === "SUCCESS"}
            >
              From failure
            </Menu.Item>
            <Menu.Item onClick={() => void go(selected)} disabled={chosen.length === 0}>
              {chosen.length === 0
                ? "Selected steps (choose some in the picture)"
                : `${chosen.length} selected step${chosen.length === 1 ? "" : "s"}`}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  );
}
