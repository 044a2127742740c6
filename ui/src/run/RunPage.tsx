import { Button, Menu } from "@mantine/core";
import { IconChevronDown, IconPlayerStop, IconRefresh, IconRefreshAlert } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { AssetLink } from "../assets/AssetLink.tsx";
import { Copyable } from "../design/Copyable.tsx";
import { Empty, Problem, QueryProblem, ServerProblem, SkeletonRows } from "../design/Feedback.tsx";
import { PageHead, Panel } from "../design/Page.tsx";
import { isLive, RunBadge } from "../design/Status.tsx";
import { Duration, TimeAgo } from "../design/Time.tsx";
import { send } from "../graphql/client.ts";
import {
  ReexecuteSteps,
  RunPage as RunPageQuery,
  type RunPageResult,
  RunStatus,
  type RunStatusResult,
} from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { executionParams, refusalOf } from "../launch/launch.ts";
import { MetadataTable } from "../metadata/MetadataTable.tsx";
import { reexecute, report, reportFailure, terminate } from "../runs/actions.ts";
import { Confirm } from "../runs/Confirm.tsx";
import { runTitle, tagLabel, visibleTags } from "../runs/run-list.ts";
import { EventLog } from "./EventLog.tsx";
import { EventStore } from "./event-store.ts";
import { follow } from "./follow.ts";
import { GanttChart } from "./GanttChart.tsx";
import { LogViewer } from "./LogViewer.tsx";
import { StepFold } from "./steps.ts";

const ConfigEditor = lazy(() => import("../config-editor/ConfigEditor.tsx"));

type Run = Extract<RunPageResult["runOrError"], { __typename: "Run" }>;
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
        <Problem
          title={page.data.runOrError.message}
          next={
            <>
              It may have been deleted. <Link to="/runs">All runs</Link>
            </>
          }
        />
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
              title
            ) : (
              <Link
                to="/jobs/$location/$job"
                params={{ location: run.repositoryOrigin.repositoryLocationName, job: run.jobName }}
                style={{ color: "inherit" }}
              >
                {title}
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
          <Actions run={run} status={now.status} canTerminate={now.canTerminate} chosen={search.step ?? []} />
        }
      />
      {failure && now.status === "FAILURE" ? (
        <div className="run-failure">
          {failure.error ? (
            <ServerProblem
              error={failure.error}
              title={failure.step ? `Step ${failure.step} failed` : "The run failed"}
              next={<FailureHint index={failure.index} />}
            />
          ) : (
            <Problem title={failure.message} next={<FailureHint index={failure.index} />} />
          )}
        </div>
      ) : null}
      {now.status === "QUEUED" ? (
        <p className="dim" style={{ margin: "0 0 12px" }}>
          Waiting in the queue: it starts as soon as the daemon has room for it.{" "}
          <Link to="/deployment" search={{ tab: "daemons" }}>
            Daemons
          </Link>
        </p>
      ) : null}
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
      {tab === "config" ? <ConfigTab run={run} tags={now.tags} /> : null}
      {tab === "assets" ? <AssetsTab run={run} store={store} /> : null}
    </div>
  );
}

function FailureHint({ index }: { index: number }) {
  return (
    <>
      <Link
        to="/runs/$runId"
        from="/runs/$runId"
        search={(old) => ({ ...old, tab: undefined, event: index })}
      >
        Show it among the events
      </Link>
      , correct the code, then re-execute from failure: what succeeded is not done again.
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

function Actions({
  run,
  status,
  canTerminate,
  chosen,
}: {
  run: Run;
  status: Status["status"];
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
        tags: run.tags.filter((t) => !t.key.startsWith("dagster/") || t.key === "dagster/partition"),
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
              <Button
                leftSection={<IconRefreshAlert size={15} />}
                loading={busy}
                onClick={() => void go(() => reexecute(run.runId, "FROM_FAILURE"))}
              >
                Re-execute from failure
              </Button>
            ) : (
              <Button
                variant="default"
                leftSection={<IconRefresh size={15} />}
                loading={busy}
                onClick={() => void go(() => reexecute(run.runId, "ALL_STEPS"))}
              >
                Re-execute all
              </Button>
            )}
            <Menu.Target>
              <Button
                variant={status === "FAILURE" || status === "CANCELED" ? "filled" : "default"}
                px={7}
                aria-label="More ways to re-execute"
              >
                <IconChevronDown size={15} />
              </Button>
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

function ConfigTab({ run, tags }: { run: Run; tags: Run["tags"] }) {
  return (
    <div className="cols-2" style={{ paddingBottom: 24 }}>
      <Panel
        title="Run config"
        padded
        actions={
          <Copyable value={run.runConfigYaml} label="config">
            Copy
          </Copyable>
        }
      >
        {run.runConfigYaml.trim() === "" || run.runConfigYaml.trim() === "{}" ? (
          <span className="faint">This run has no config; every value is its default.</span>
        ) : (
          <Suspense fallback={<SkeletonRows rows={3} />}>
            <ConfigEditor value={run.runConfigYaml} schema={null} readOnly height={320} />
          </Suspense>
        )}
      </Panel>
      <Panel title="Tags" count={tags.length} padded>
        <dl className="kv">
          {tags.map((tag) => (
            <div key={tag.key} style={{ display: "contents" }}>
              <dt className="mono">{tag.key}</dt>
              <dd>
                <Copyable value={tag.value} label="tag value" />
              </dd>
            </div>
          ))}
        </dl>
        {tags.length === 0 ? <span className="faint">No tags</span> : null}
      </Panel>
    </div>
  );
}

function AssetsTab({ run, store }: { run: Run; store: EventStore }) {
  const made = store.events.flatMap((event) => (event.__typename === "MaterializationEvent" ? [event] : []));
  const names = new Set(made.map((event) => event.assetKey?.path.join("/")));
  const missing = run.assets.filter((asset) => !names.has(asset.key.path.join("/")));
  if (made.length + missing.length === 0)
    return (
      <div className="panel">
        <Empty title="This run made no assets">
          Assets that it materializes are listed here with their metadata.
        </Empty>
      </div>
    );
  return (
    <div className="stack" style={{ paddingBottom: 24 }}>
      {made.map((event) => (
        <Panel
          key={`${event.assetKey?.path.join("/")}:${event.partition}:${event.timestamp}`}
          label="Materialization"
          title={
            <span className="row">
              {event.assetKey ? <AssetLink path={event.assetKey.path} /> : "?"}
              {event.partition ? <span className="chip">{event.partition}</span> : null}
            </span>
          }
          padded
          actions={
            <span className="dim">
              <TimeAgo at={Number(event.timestamp)} />
            </span>
          }
        >
          <MetadataTable entries={event.metadataEntries} />
        </Panel>
      ))}
      {missing.length > 0 ? (
        <Panel title="Planned, not made" count={missing.length} padded>
          <div className="row wrap">
            {missing.map((asset) => (
              <span key={asset.id} className="chip">
                <AssetLink path={asset.key.path} />
              </span>
            ))}
          </div>
        </Panel>
      ) : null}
    </div>
  );
}
