import { Button, Modal, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Problem, QueryProblem, ServerProblem } from "../design/Feedback.tsx";
import { send } from "../graphql/client.ts";
import {
  type EvaluationParts,
  type RepositorySelector,
  TestSchedule,
  TestSensor,
} from "../graphql/generated/operations.ts";

/** Evaluates a schedule or sensor without launching anything, and shows what it would have asked for. */
export function TestDialog({
  kind,
  name,
  repository,
  cursor,
  onClose,
}: {
  kind: "schedule" | "sensor";
  name: string;
  repository: RepositorySelector;
  cursor: string | null;
  onClose: () => void;
}) {
  const [input, setInput] = useState(kind === "sensor" ? (cursor ?? "") : "");
  const at = kind === "schedule" && input ? Date.parse(input) : null;
  const wrong = at !== null && Number.isNaN(at) ? "Write a time such as 2026-11-23T02:00" : null;
  const test = useMutation({
    mutationFn: async (): Promise<{
      evaluation: EvaluationParts | null;
      error: Parameters<typeof ServerProblem>[0]["error"] | null;
    }> => {
      const answer =
        kind === "schedule"
          ? (
              await send(TestSchedule, {
                selector: { ...repository, scheduleName: name },
                ...(at === null ? {} : { timestamp: at / 1000 }),
              })
            ).scheduleDryRun
          : (await send(TestSensor, { selector: { ...repository, sensorName: name }, cursor: input || null }))
              .sensorDryRun;
      if (answer.__typename === "PythonError") return { evaluation: null, error: answer };
      if (answer.__typename !== "DryRunInstigationTick") throw new Error(answer.message);
      return { evaluation: answer.evaluationResult, error: null };
    },
  });
  const evaluation = test.data?.evaluation;
  return (
    <Modal opened onClose={onClose} title={<strong>Test {name}</strong>} size="lg">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          test.mutate();
        }}
      >
        <p className="dim" style={{ margin: 0 }}>
          Your code is evaluated as at a tick; no run is launched and the cursor is not kept.
        </p>
        <TextInput
          label={kind === "schedule" ? "Time of the tick" : "Cursor"}
          placeholder={kind === "schedule" ? "now, or 2026-11-23T02:00" : "none"}
          value={input}
          error={wrong}
          onChange={(e) => setInput(e.currentTarget.value)}
          data-autofocus
        />
        <div>
          <Button type="submit" loading={test.isPending} disabled={wrong !== null}>
            Evaluate
          </Button>
        </div>
        {test.error ? <QueryProblem error={test.error} /> : null}
        {test.data?.error ? <ServerProblem error={test.data.error} /> : null}
        {evaluation?.error ? (
          <ServerProblem
            error={evaluation.error}
            next="Correct the code; it is reloaded by itself in dagsterctl dev."
          />
        ) : null}
        {evaluation && !evaluation.error && (evaluation.runRequests ?? []).length === 0 ? (
          <Problem
            tone="warn"
            title={`Skipped${evaluation.skipReason ? `: ${evaluation.skipReason}` : ""}`}
          />
        ) : null}
        {(evaluation?.runRequests ?? []).map((request, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: requests may lack a run key
          <div key={index} className="panel quiet panel-body">
            <dl className="kv">
              <dt>Job</dt>
              <dd>{request.jobName ?? "its own"}</dd>
              {request.runKey ? (
                <>
                  <dt>Run key</dt>
                  <dd className="mono">{request.runKey}</dd>
                </>
              ) : null}
              {request.tags.length > 0 ? (
                <>
                  <dt>Tags</dt>
                  <dd className="row wrap">
                    {request.tags.map((t) => (
                      <span key={t.key} className="chip">
                        {t.key}={t.value}
                      </span>
                    ))}
                  </dd>
                </>
              ) : null}
              {request.assetSelection?.length ? (
                <>
                  <dt>Assets</dt>
                  <dd>{request.assetSelection.map((k) => k.path.join("/")).join(", ")}</dd>
                </>
              ) : null}
              {request.runConfigYaml.trim() && request.runConfigYaml.trim() !== "{}" ? (
                <>
                  <dt>Config</dt>
                  <dd>
                    <pre style={{ margin: 0 }}>{request.runConfigYaml}</pre>
                  </dd>
                </>
              ) : null}
            </dl>
          </div>
        ))}
        {evaluation?.cursor ? (
          <div className="row">
            <span className="faint">New cursor</span> <code>{evaluation.cursor}</code>
          </div>
        ) : null}
      </form>
    </Modal>
  );
}
