import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { Copyable } from "../design/Copyable.tsx";
import { Problem, QueryProblem, ServerProblem, SkeletonRows } from "../design/Feedback.tsx";
import { breakable, PageHead } from "../design/Page.tsx";
import { isLive, RunBadge } from "../design/Status.tsx";
import { Duration, TimeAgo } from "../design/Time.tsx";
import {
  RunPage as RunPageQuery,
  type RunPageResult,
  RunStatus,
  type RunStatusResult,
} from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { runTitle, tagLabel, visibleTags } from "../runs/run-list.ts";
import { EventLog } from "./EventLog.tsx";
import { EventStore } from "./event-store.ts";
import { follow } from "./follow.ts";
import { GanttChart } from "./GanttChart.tsx";
import { LogViewer } from "./LogViewer.tsx";
import { QueuedNote } from "./QueuedNote.tsx";
import { RunActions } from "./RunActions.tsx";
import { AssetsTab, ConfigTab } from "./RunTabs.tsx";
import { StepFold } from "./steps.ts";

export type Run = Extract<RunPageResult["runOrError"], { __typename: "Run" }>;
type Status = Extract<RunStatusResult["runOrError"], { __typename: "Run" }>;

export function RunPage() {
  const { runId } = useParams({ from: "/runs/$runId" });
  return <OneRun key={runId} runId={runId} />;
}

function OneRun({ runId }: { runId: string }) {
  const page = useGraphQL(RunPageQuery, { runId }, { every: 30_000 });
  const polled = useGraphQL(
    RunStatus,
    { runId },
    {
      every: (data) =>
        data?.runOrError.__typename === "Run" && !isLive(data.runOrError.status) ? false : 1500,
    },
  );
  const run = page.data?.runOrError.__typename === "Run" ? page.data.runOrError : null;
  const now = polled.data?.runOrError.__typename === "Run" ? polled.data.runOrError : null;
  if (page.error && !page.data)
    return (
      <div className="page">
        <PageHead name="Run" title="Run" />
        <QueryProblem error={page.error} retry={page.refetch} />
      </div>
    );
  if (page.data && page.data.runOrError.__typename !== "Run") {
    return (
      <div className="page">
        <PageHead
          name="Run"
          title={<span className="mono">{runId}</span>}
          crumb={<Link to="/runs">Runs</Link>}
        />
        <Problem title={page.data.runOrError.message} next={<Link to="/runs">All runs</Link>} />
      </div>
    );
  }
  if (!run)
    return (
      <div className="page">
        <SkeletonRows rows={10} />
      </div>
    );
  return <Shown run={run} now={now ?? run} />;
}

function Shown({
  run,
  now,
}: {
  run: Run;
  now: Pick<
    Status,
    "status" | "startTime" | "endTime" | "canTerminate" | "tags" | "creationTime" | "updateTime"
  >;
}) {
  const { runId } = run;
  const search = useSearch({ from: "/runs/$runId" });
  const navigate = useNavigate({ from: "/runs/$runId" });
  const client = useQueryClient();
  const live = isLive(now.status);
  const over = useRef(!live);
  over.current = !live;
  const [store] = useState(() => new EventStore());
  const [fold] = useState(() => new StepFold());
  const version = useSyncExternalStore(store.subscribe, store.snapshot);
  useEffect(() => {
    const control = new AbortController();
    store.events.length = 0;
    void follow(runId, store, () => over.current, control.signal);
    return () => control.abort();
  }, [runId, store]);
  useMemo(
    () =>
      fold.plan(
        run.executionPlan?.steps.map((s) => ({
          key: s.key,
          upstream: [...new Set(s.inputs.flatMap((i) => i.dependsOn.map((d) => d.key)))],
        })) ?? [],
      ),
    [fold, run.executionPlan],
  );
  fold.push(store.events);
  // The stream tells of the end before the next poll would.
  const ended = fold.ended !== null;
  useEffect(() => {
    if (ended) void client.invalidateQueries({ queryKey: ["RunStatus"] });
  }, [ended, client]);
  // The plan and the assets are complete only when the run is over.
  useEffect(() => {
    if (!live) void client.invalidateQueries({ queryKey: ["RunPage"] });
  }, [live, client]);

  const tab = search.tab ?? "events";
  const title = runTitle(run);
  const start = now.startTime === null ? null : now.startTime * 1000;
  const steps = [...fold.steps.keys()];
  // biome-ignore lint/correctness/useExhaustiveDependencies: version says when events have arrived
  const failure = useMemo(() => failureOf(store), [version]);
  const choose = (step: string[]) =>
    void navigate({ search: (old) => ({ ...old, step: step.length > 0 ? step : undefined }), replace: true });
  return (
    <div className="page fill run-page">
      <PageHead
        name={`${title} ${runId.slice(0, 8)}`}
        crumb={
          <>
            <Link to="/runs">Runs</Link> /{" "}
            <Copyable value={runId} label="run id">
              {runId.slice(0, 8)}
            </Copyable>
            {run.parentRunId ? (
              <>
                {" "}
                · again after{" "}
                <Link to="/runs/$runId" params={{ runId: run.parentRunId }} className="mono">
                  {run.parentRunId.slice(0, 8)}
                </Link>
              </>
            ) : null}
          </>
        }
        title={
          <>
            {run.jobName.startsWith("__") || !run.repositoryOrigin ? (
              <span>{breakable(title)}</span>
            ) : (
              <Link
                to="/jobs/$location/$job"
                params={{ location: run.repositoryOrigin.repositoryLocationName, job: run.jobName }}
                style={{ color: "inherit" }}
              >
                {breakable(title)}
              </Link>
            )}
            <RunBadge status={now.status} />
          </>
        }
        sub={
          <span className="row wrap" style={{ marginTop: 4 }}>
            <span>
              launched <TimeAgo at={now.creationTime * 1000} />
            </span>
            ·
            {start === null ? (
              <span>{live ? "not started yet" : "never started"}</span>
            ) : (
              <span>
                {live ? "running for" : "took"}{" "}
                <Duration
                  start={start}
                  end={
                    now.endTime === null
                      ? live
                        ? null
                        : (now.updateTime ?? now.creationTime) * 1000
                      : now.endTime * 1000
                  }
                />
              </span>
            )}
            {visibleTags(now.tags)
              .slice(0, 6)
              .map((tag) => (
                <Link
                  key={tag.key}
                  className="chip"
                  to="/runs"
                  search={{ tag: [`${tag.key}=${tag.value}`] }}
                  title={`${tag.key}=${tag.value}`}
                >
                  {tagLabel(tag)}
                </Link>
              ))}
          </span>
        }
        actions={
          <RunActions
            run={run}
            status={now.status}
            canTerminate={now.canTerminate}
            chosen={search.step ?? []}
          />
        }
      />
      {failure && now.status === "FAILURE" ? (
        <div className="run-failure">
          {failure.error ? (
            <ServerProblem
              error={failure.error}
              title={failure.step ? `Step ${failure.step} failed` : "The run failed"}
              next={<FailureHint {...failure} />}
            />
          ) : (
            <Problem title={failure.message} next={<FailureHint {...failure} />} />
          )}
        </div>
      ) : null}
      {now.status === "QUEUED" ? <QueuedNote runId={runId} /> : null}
      <GanttChart fold={fold} version={version} chosen={search.step ?? []} onChoose={choose} live={live} />
      <nav className="tabs" aria-label="Run" style={{ marginTop: 14, marginBottom: 10 }}>
        {(
          [
            ["events", "Events"],
            ["logs", "stdout / stderr"],
            ["assets", `Assets${run.assets.length ? ` ${run.assets.length}` : ""}`],
            ["config", "Config and tags"],
          ] as const
        ).map(([key, label]) => (
          <Link
            key={key}
            to="/runs/$runId"
            params={{ runId }}
            search={(old) => ({ ...old, tab: key === "events" ? undefined : key })}
            className={tab === key ? "chosen" : ""}
            aria-current={tab === key ? "page" : undefined}
          >
            {label}
          </Link>
        ))}
      </nav>
      {tab === "events" ? <EventLog store={store} version={version} start={start} steps={steps} /> : null}
      {tab === "logs" ? <LogViewer runId={runId} events={store.events} live={live} /> : null}
      {tab === "config" ? (
        <ConfigTab run={run} tags={now.tags.filter(({ key }) => !key.startsWith(".dagster/"))} />
      ) : null}
      {tab === "assets" ? <AssetsTab run={run} store={store} /> : null}
    </div>
  );
}

function FailureHint({ index, step }: { index: number; step: string | null }) {
  return (
    <>
      <Link
        to="/runs/$runId"
        from="/runs/$runId"
        search={(old) => ({ ...old, tab: undefined, event: index })}
      >
        Show it among the events
      </Link>
      {step === null
        ? ", mend what it names, then re-execute."
        : ", correct the code, then re-execute from failure: what succeeded is not done again."}
    </>
  );
}

/** The first failed step with its error, else what failed the run. */
function failureOf(store: EventStore) {
  for (const type of ["STEP_FAILURE", "RUN_FAILURE"]) {
    const index = store.events.findIndex((event) => event.eventType === type);
    const event = store.events[index];
    if (event)
      return {
        index,
        message: event.message,
        step: type === "STEP_FAILURE" ? event.stepKey : null,
        error: "error" in event ? event.error : null,
      };
  }
  return null;
}
