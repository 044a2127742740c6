import { Link, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { Panel } from "../design/Page.tsx";
import { Until } from "../design/Time.tsx";
import { formatAbsolute } from "../design/time.ts";
import { SchedulePage as SchedulePageQuery } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { selectorOf, useWorkspace } from "../workspace/workspace.ts";
import { cronLines, cronText } from "./cron-text.ts";
import { InstigatorPage } from "./InstigatorPage.tsx";
import { TICKS_SHOWN } from "./TickList.tsx";

export function SchedulePage() {
  const { location, name } = useParams({ from: "/automation/$location/schedules/$name" });
  const { places } = useWorkspace();
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
    <InstigatorPage
      kind="schedule"
      location={location}
      name={name}
      repository={repository}
      query={query}
      refusal={found && found.__typename !== "Schedule" ? found.message : null}
      of={schedule && { description: schedule.description, state: schedule.scheduleState }}
    >
      {schedule ? (
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
      ) : null}
    </InstigatorPage>
  );
}
