import { Button } from "@mantine/core";
import { IconTestPipe } from "@tabler/icons-react";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { PageHead, Panel } from "../design/Page.tsx";
import { Until } from "../design/Time.tsx";
import { formatAbsolute } from "../design/time.ts";
import { SchedulePage as SchedulePageQuery } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { selectorOf, useWorkspace } from "../workspace/workspace.ts";
import { TickBars, Toggle } from "./AutomationRow.tsx";
import { cronLines, cronText } from "./cron-text.ts";
import { TestDialog } from "./TestDialog.tsx";
import { TICKS_SHOWN, TickList, ticksTitle } from "./TickList.tsx";

export function SchedulePage() {
  const { location, name } = useParams({ from: "/automation/$location/schedules/$name" });
  const { places, query: workspace } = useWorkspace();
  const [testing, setTesting] = useState(false);
  const repository = useMemo(
    () => selectorOf(places, location, (r) => r.schedules.some((s) => s.name === name)),
    [places, location, name],
  );
  const query = useGraphQL(
    SchedulePageQuery,
    useMemo(
      () => ({
        selector: {
          repositoryLocationName: location,
          repositoryName: repository?.repositoryName ?? "",
          scheduleName: name,
        },
        ticks: TICKS_SHOWN,
      }),
      [location, repository, name],
    ),
    { every: 4000, enabled: repository !== null },
  );
  const found = query.data?.scheduleOrError;
  const schedule = found?.__typename === "Schedule" ? found : null;
  return (
    <div className="page">
      <PageHead
        name={name}
        crumb={
          <>
            <Link to="/automation">Automation</Link> /{" "}
            <Link to="/deployment/$location" params={{ location }}>
              {location}
            </Link>
          </>
        }
        title={name}
        sub={schedule?.description ?? undefined}
        actions={
          schedule && repository ? (
            <>
              <Toggle
                kind="schedule"
                location={location}
                name={name}
                state={schedule.scheduleState}
                label={schedule.scheduleState.status === "RUNNING" ? "On" : "Off"}
              />
              <Button
                variant="default"
                leftSection={<IconTestPipe size={15} />}
                onClick={() => setTesting(true)}
              >
                Test
              </Button>
            </>
          ) : null
        }
      />
      {query.error && !query.data ? <QueryProblem error={query.error} retry={query.refetch} /> : null}
      {workspace.data && !repository ? (
        <Problem
          title={`The code location ${location} is not loaded`}
          next={<Link to="/deployment">Its load error is in Deployment</Link>}
        />
      ) : null}
      {found && found.__typename !== "Schedule" ? (
        <Problem title={found.message} next={<Link to="/automation">All schedules</Link>} />
      ) : null}
      {!found && !query.error ? <SkeletonRows /> : null}
      {schedule ? (
        <div className="cols-main">
          <Panel
            title={ticksTitle(schedule.scheduleState.ticks)}
            actions={<TickBars ticks={schedule.scheduleState.ticks.slice(0, 30)} />}
          >
            <div className="scroll-x">
              <TickList ticks={schedule.scheduleState.ticks} />
            </div>
          </Panel>
          <div className="stack">
            <Panel title="Definition" padded>
              <dl className="kv">
                <dt>When</dt>
                <dd>{cronText(schedule.cronSchedule)}</dd>
                <dt>Cron</dt>
                <dd className="mono">
                  {cronLines(schedule.cronSchedule).map((line) => (
                    <div key={line}>{line}</div>
                  ))}
                </dd>
                <dt>Time zone</dt>
                <dd>{schedule.executionTimezone ?? "UTC"}</dd>
                <dt>Job</dt>
                <dd>
                  {schedule.pipelineName.startsWith("__") ? (
                    "assets"
                  ) : (
                    <Link to="/jobs/$location/$job" params={{ location, job: schedule.pipelineName }}>
                      {schedule.pipelineName}
                    </Link>
                  )}
                </dd>
              </dl>
            </Panel>
            <Panel title="Next ticks" padded>
              {schedule.scheduleState.status !== "RUNNING" ? (
                <p className="faint" style={{ marginTop: 0 }}>
                  It is off; it would tick at:
                </p>
              ) : null}
              <div className="stack tight">
                {schedule.futureTicks.results.map((tick) =>
                  tick.timestamp === null ? null : (
                    <div key={tick.timestamp} className="row between">
                      <span className="tnum">
                        {formatAbsolute(tick.timestamp * 1000, schedule.executionTimezone ?? "UTC")}
                      </span>
                      <span className="faint">
                        <Until at={tick.timestamp * 1000} />
                      </span>
                    </div>
                  ),
                )}
              </div>
            </Panel>
          </div>
        </div>
      ) : null}
      {testing && repository ? (
        <TestDialog
          kind="schedule"
          name={name}
          repository={repository}
          cursor={null}
          onClose={() => setTesting(false)}
        />
      ) : null}
    </div>
  );
}
