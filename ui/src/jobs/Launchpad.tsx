import { Button } from "@mantine/core";
import { IconPlayerPlay, IconWand } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { WriteButton } from "../access/WriteButton.tsx";
import { readSchema } from "../config-editor/json-schema.ts";
import { countOf } from "../design/count.ts";
import { QueryProblem } from "../design/Feedback.tsx";
import { Panel } from "../design/Page.tsx";
import { send } from "../graphql/client.ts";
import {
  JobPartitions,
  LaunchRun,
  LaunchRuns,
  type RepositorySelector,
  ValidateConfig,
} from "../graphql/generated/operations.ts";
import { queryClient, useGraphQL } from "../graphql/hooks.ts";
import { executionParams, type Launched, readAnswers, readMultiple } from "../launch/launch.ts";
import { PartitionPicker } from "../launch/PartitionPicker.tsx";
import { Refusals } from "../launch/Refusals.tsx";
import { type Tag, TagsEditor } from "../launch/TagsEditor.tsx";
import type { JobDefinition } from "./JobPage.tsx";

const ConfigEditor = lazy(() => import("../config-editor/ConfigEditor.tsx"));
const NONE: never[] = [];

/** Config, tags and partition of one launch; the draft of each job stays in this browser. */
export function Launchpad({ job, repository }: { job: JobDefinition; repository: RepositorySelector }) {
  const navigate = useNavigate();
  const draftKey = `dagster-operator:launchpad:${repository.repositoryLocationName}/${job.name}`;
  const schema = useMemo(() => readSchema(job.runConfigJsonSchema), [job.runConfigJsonSchema]);
  const initial = job.defaultRunConfigYaml;
  const [config, setConfig] = useState(() => localStorage.getItem(draftKey) ?? initial);
  const [tags, setTags] = useState<Tag[]>([]);
  const [chosen, setChosen] = useState<string[]>(NONE);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Launched["refused"]>(NONE);
  const [failed, setFailed] = useState<Error | null>(null);
  const selector = useMemo(() => ({ ...repository, pipelineName: job.name }), [repository, job.name]);
  const partitions = useGraphQL(JobPartitions, { selector }, { every: 60_000 });
  const keys = useMemo(
    () =>
      partitions.data?.pipelineOrError.__typename === "Pipeline"
        ? partitions.data.pipelineOrError.partitionKeysOrError.partitionKeys
        : NONE,
    [partitions.data],
  );
  const verdict = useGraphQL(
    ValidateConfig,
    { selector, runConfig: useDebounced(config, 500) },
    { every: false },
  );
  useEffect(() => {
    if (config === initial) localStorage.removeItem(draftKey);
    else localStorage.setItem(draftKey, config);
  }, [config, draftKey, initial]);

  const answer = verdict.data?.isPipelineConfigValid;
  const faults = useMemo(() => {
    const fromLaunch = refused.flatMap((r) => r.config);
    const fromCheck = answer?.__typename === "RunConfigValidationInvalid" ? answer.errors : NONE;
    return (fromLaunch.length > 0 ? fromLaunch : fromCheck).map((e) => ({
      path: e.path,
      message: e.message,
    }));
  }, [refused, answer]);
  const state = verdict.isFetching
    ? "Checking…"
    : answer?.__typename === "PipelineConfigValidationValid"
      ? "Config is valid"
      : answer?.__typename === "RunConfigValidationInvalid"
        ? countOf(answer.errors.length, "error")
        : answer && "message" in answer
          ? answer.message
          : "";

  const launch = async () => {
    setBusy(true);
    setRefused(NONE);
    setFailed(null);
    try {
      const target = {
        location: repository.repositoryLocationName,
        repository: repository.repositoryName,
        job: job.name,
      };
      const list =
        keys.length > 0
          ? chosen.map((partition) => executionParams(target, { config, tags, partition }))
          : [executionParams(target, { config, tags })];
      const [only] = list;
      const launched =
        list.length === 1 && only
          ? readAnswers([(await send(LaunchRun, { params: only })).launchPipelineExecution])
          : readMultiple((await send(LaunchRuns, { paramsList: list })).launchMultipleRuns);
      void queryClient.invalidateQueries({ queryKey: ["Runs"] });
      setRefused(launched.refused);
      const [first] = launched.runIds;
      if (launched.refused.length > 0 || !first) return;
      if (launched.runIds.length === 1) await navigate({ to: "/runs/$runId", params: { runId: first } });
      else await navigate({ to: "/runs", search: { job: job.name } });
    } catch (error) {
      setFailed(error instanceof Error ? error : new Error(String(error)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="launchpad">
      <Panel
        title="Run config"
        actions={
          <>
            <span
              className={answer?.__typename === "RunConfigValidationInvalid" ? "badge tone-fail" : "faint"}
              role="status"
            >
              {state}
            </span>
            <Button
              variant="subtle"
              size="compact-xs"
              leftSection={<IconWand size={14} />}
              onClick={() => setConfig(initial)}
            >
              Scaffold default
            </Button>
          </>
        }
        padded
      >
        <Suspense fallback={<div className="skeleton" style={{ height: 420 }} />}>
          <ConfigEditor
            value={config}
            onChange={(value) => {
              setConfig(value);
              setRefused(NONE);
            }}
            schema={schema}
            faults={faults}
            height="min(52vh, 560px)"
          />
        </Suspense>
        {faults.length > 0 ? (
          <ul className="fault-list">
            {faults.map((fault) => (
              <li key={`${fault.path.join(".")}${fault.message}`}>
                <code>{fault.path.join(" › ") || "config"}</code> {fault.message}
              </li>
            ))}
          </ul>
        ) : null}
      </Panel>
      <div className="stack">
        <Panel title="Launch" padded>
          <div className="stack">
            {keys.length > 0 ? <PartitionPicker keys={keys} onChange={setChosen} /> : null}
            <TagsEditor tags={tags} onChange={setTags} />
            <WriteButton
              size="sm"
              leftSection={<IconPlayerPlay size={16} />}
              loading={busy}
              disabled={keys.length > 0 && chosen.length === 0}
              onClick={() => void launch()}
            >
              {chosen.length > 1 ? `Launch ${chosen.length} runs` : "Launch run"}
            </WriteButton>
            <p className="faint" style={{ margin: 0 }}>
              <kbd className="kbd">Ctrl</kbd> <kbd className="kbd">Space</kbd> in the editor lists what can be
              set; <kbd className="kbd">Esc</kbd>, then <kbd className="kbd">Tab</kbd> leaves it.
            </p>
          </div>
        </Panel>
        <Refusals refused={refused} />
        {failed ? <QueryProblem error={failed} /> : null}
        {verdict.error && !verdict.data ? <QueryProblem error={verdict.error} /> : null}
      </div>
    </div>
  );
}

function useDebounced<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
