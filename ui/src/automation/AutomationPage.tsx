import { SegmentedControl, TextInput } from "@mantine/core";
import { IconClockBolt, IconSearch } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Empty, Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { PageHead, Panel } from "../design/Page.tsx";
import { Automation } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { AutomationRow } from "./AutomationRow.tsx";
import { cronText } from "./cron-text.ts";
import { sensorKind } from "./sensor-kind.ts";

export function AutomationPage() {
  const query = useGraphQL(Automation, {}, { every: 5000 });
  const { q, show } = useSearch({ from: "/automation" });
  const navigate = useNavigate({ from: "/automation" });
  const answer = query.data?.repositoriesOrError;
  const repositories = answer?.__typename === "RepositoryConnection" ? answer.nodes : [];
  const matches = (name: string) => !q || name.toLowerCase().includes(q.toLowerCase());
  const schedules = repositories.flatMap((r) =>
    r.schedules.map((s) => ({ ...s, location: r.location.name })),
  );
  const all = repositories.flatMap((r) => r.sensors.map((s) => ({ ...s, location: r.location.name })));
  const sensors = all.filter((s) => s.sensorType !== "AUTOMATION");
  const conditions = all.filter((s) => s.sensorType === "AUTOMATION");
  const none = answer?.__typename === "RepositoryConnection" && schedules.length + all.length === 0;
  return (
    <div className="page">
      <PageHead
        title="Automation"
        name="Automation"
        sub={
          answer
            ? `${schedules.length} schedule${schedules.length === 1 ? "" : "s"}, ${sensors.length} sensor${sensors.length === 1 ? "" : "s"}`
            : undefined
        }
      />
      {query.error && !query.data ? <QueryProblem error={query.error} retry={query.refetch} /> : null}
      {answer && answer.__typename !== "RepositoryConnection" ? <Problem title={answer.message} /> : null}
      {none ? (
        <div className="panel">
          <Empty
            icon={<IconClockBolt size={28} />}
            title="No schedules or sensors yet"
            code={`import { schedule, sensor } from "@dagster-operator/sdk";\n\nconst nightly = schedule("nightly", { job, cron: "0 2 * * *", timezone: "Europe/Rome" });\n\nconst inbox = sensor("inbox", { job, minimumInterval: 30 }, async ({ cursor }) => newFiles(cursor));`}
          >
            A schedule launches runs by the clock, a sensor when it sees something new. Add them to your
            Definitions.
          </Empty>
        </div>
      ) : (
        <div className="toolbar">
          <TextInput
            aria-label="Search"
            placeholder="Search"
            leftSection={<IconSearch size={14} />}
            value={q ?? ""}
            w={260}
            onChange={(e) =>
              void navigate({
                search: (old) => ({ ...old, q: e.currentTarget.value || undefined }),
                replace: true,
              })
            }
          />
          <SegmentedControl
            aria-label="Show"
            value={show ?? "all"}
            onChange={(v) =>
              void navigate({
                search: (old) => ({ ...old, show: v === "all" ? undefined : (v as typeof show) }),
                replace: true,
              })
            }
            data={[
              { value: "all", label: "All" },
              { value: "schedules", label: "Schedules" },
              { value: "sensors", label: "Sensors" },
              { value: "conditions", label: "Conditions" },
            ]}
          />
        </div>
      )}
      {query.isPending ? (
        <div className="panel">
          <SkeletonRows />
        </div>
      ) : null}
      <div className="stack">
        {(!show || show === "schedules") && schedules.length > 0 ? (
          <Panel title="Schedules" count={schedules.length}>
            {schedules
              .filter((s) => matches(s.name))
              .map((s) => (
                <AutomationRow
                  key={`${s.location}/${s.name}`}
                  kind="schedule"
                  location={s.location}
                  name={s.name}
                  detail={`${cronText(s.cronSchedule)}${s.executionTimezone && s.executionTimezone !== "UTC" ? `, ${s.executionTimezone}` : ""}`}
                  hint={`${s.cronSchedule} ${s.executionTimezone ?? "UTC"}`}
                  job={s.pipelineName.startsWith("__") ? null : s.pipelineName}
                  state={s.scheduleState}
                />
              ))}
          </Panel>
        ) : null}
        {(!show || show === "conditions") && conditions.length > 0 ? (
          <Panel title="Automation conditions" count={conditions.length}>
            {conditions
              .filter((s) => matches(s.name))
              .map((s) => (
                <AutomationRow
                  key={`${s.location}/${s.name}`}
                  kind="sensor"
                  location={s.location}
                  name={s.name}
                  detail={`Every ${s.minIntervalSeconds}s, conditions of ${s.assetSelection?.assetKeys.length ?? 0} assets`}
                  state={s.sensorState}
                />
              ))}
          </Panel>
        ) : null}
        {(!show || show === "sensors") && sensors.length > 0 ? (
          <Panel title="Sensors" count={sensors.length}>
            {sensors
              .filter((s) => matches(s.name))
              .map((s) => (
                <AutomationRow
                  key={`${s.location}/${s.name}`}
                  kind="sensor"
                  location={s.location}
                  name={s.name}
                  detail={`Every ${s.minIntervalSeconds}s${s.sensorType === "STANDARD" ? "" : `, ${sensorKind(s.sensorType)}`}`}
                  job={s.targets?.find((t) => !t.pipelineName.startsWith("__"))?.pipelineName ?? null}
                  state={s.sensorState}
                />
              ))}
          </Panel>
        ) : null}
      </div>
    </div>
  );
}
