import { SegmentedControl, TextInput } from "@mantine/core";
import { IconClockBolt, IconSearch } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { countOf } from "../design/count.ts";
import { Empty, Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { PageHead, Panel } from "../design/Page.tsx";
import { Automation } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { AutomationRow } from "./AutomationRow.tsx";

export function AutomationPage() {
  const query = useGraphQL(Automation, {}, { every: 5000 });
  const { q, show } = useSearch({ from: "/automation" });
  const navigate = useNavigate({ from: "/automation" });
  const answer = query.data?.repositoriesOrError;
  const repositories = answer?.__typename === "RepositoryConnection" ? answer.nodes : [];
  const matches = (name: string) => !q || name.toLowerCase().includes(q.toLowerCase());
  const schedules = repositories.flatMap((r) => r.schedules.map((of) => ({ of, location: r.location.name })));
  const all = repositories.flatMap((r) => r.sensors.map((of) => ({ of, location: r.location.name })));
  const sensors = all.filter(({ of }) => of.sensorType !== "AUTOMATION");
  const conditions = all.filter(({ of }) => of.sensorType === "AUTOMATION");
  const sections = [
    ["schedules", "Schedules", schedules.filter(({ of }) => matches(of.name))],
    ["conditions", "Automation conditions", conditions.filter(({ of }) => matches(of.name))],
    ["sensors", "Sensors", sensors.filter(({ of }) => matches(of.name))],
  ] as const;
  const none = answer?.__typename === "RepositoryConnection" && schedules.length + all.length === 0;
  return (
    <div className="page">
      <PageHead
        title="Automation"
        name="Automation"
        sub={
          answer ? `${countOf(schedules.length, "schedule")}, ${countOf(all.length, "sensor")}` : undefined
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
        {sections.map(([key, title, rows]) =>
          (!show || show === key) && rows.length > 0 ? (
            <Panel key={key} title={title} count={rows.length}>
              {rows.map(({ location, of }) => (
                <AutomationRow key={`${location}/${of.name}`} location={location} of={of} />
              ))}
            </Panel>
          ) : null,
        )}
        {answer && !none && sections.every(([key, , rows]) => (show && show !== key) || rows.length === 0) ? (
          <div className="panel">
            <Empty title="None passes these filters" />
          </div>
        ) : null}
      </div>
    </div>
  );
}
