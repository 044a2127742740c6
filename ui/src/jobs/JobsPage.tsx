import { TextInput } from "@mantine/core";
import { IconBriefcase, IconSearch } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { cronText } from "../automation/cron-text.ts";
import { countOf } from "../design/count.ts";
import { Empty, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { PageHead } from "../design/Page.tsx";
import { LIVE_STATUSES } from "../design/Status.tsx";
import { Timeline } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { RunDots } from "../runs/RunDots.tsx";
import { runsByJob } from "../runs/run-list.ts";
import { useWorkspace } from "../workspace/workspace.ts";

export function JobsPage() {
  const { places, query } = useWorkspace();
  const { q } = useSearch({ from: "/jobs" });
  const navigate = useNavigate({ from: "/jobs" });
  const since = useMemo(() => Math.floor(Date.now() / 1000) - 7 * 86_400, []);
  const runs = useGraphQL(
    Timeline,
    { ongoing: { statuses: LIVE_STATUSES }, recent: { updatedAfter: since }, limit: 200 },
    { every: 5000 },
  );
  const recent = useMemo(() => (runs.data ? runsByJob(runs.data) : new Map()), [runs.data]);
  const jobs = places
    .flatMap(({ location, repository }) =>
      repository.jobs
        .filter((job) => !job.name.startsWith("__"))
        .map((job) => ({
          location,
          job,
          schedules: repository.schedules.filter((s) => s.pipelineName === job.name),
          sensors: repository.sensors.filter((s) => s.targets?.some((t) => t.pipelineName === job.name)),
        })),
    )
    .sort((a, b) => a.job.name.localeCompare(b.job.name));
  const shown = jobs.filter(({ job }) => !q || job.name.toLowerCase().includes(q.toLowerCase()));
  return (
    <div className="page">
      <PageHead
        title="Jobs"
        name="Jobs"
        sub={
          jobs.length > 0
            ? `${jobs.length} in ${countOf(new Set(jobs.map((j) => j.location)).size, "code location")}`
            : undefined
        }
      />
      {query.error && !query.data ? <QueryProblem error={query.error} retry={query.refetch} /> : null}
      {jobs.length > 0 ? (
        <div className="toolbar">
          <TextInput
            aria-label="Search jobs"
            placeholder="Search jobs"
            leftSection={<IconSearch size={14} />}
            value={q ?? ""}
            w={280}
            onChange={(e) =>
              void navigate({ search: { q: e.currentTarget.value || undefined }, replace: true })
            }
          />
        </div>
      ) : null}
      <div className="panel scroll-x">
        {query.isPending ? <SkeletonRows /> : null}
        {query.data && jobs.length === 0 ? (
          <Empty
            icon={<IconBriefcase size={28} />}
            title="No jobs yet"
            code={`import { defineAssetJob, Definitions } from "@dagster-operator/sdk";\n\nconst nightly = defineAssetJob("nightly", { selection: "group:sales" });\n\nexport default new Definitions({ assets, jobs: [nightly] });`}
          >
            A job is a named selection of assets, or a graph of ops, that can be launched and scheduled.
          </Empty>
        ) : null}
        {shown.length > 0 ? (
          <table className="grid">
            <thead>
              <tr>
                <th>Job</th>
                <th>Kind</th>
                <th>Code location</th>
                <th>Automation</th>
                <th>Recent runs</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ location, job, schedules, sensors }) => (
                <tr key={`${location}/${job.name}`}>
                  <td className="free">
                    <Link
                      to="/jobs/$location/$job"
                      params={{ location, job: job.name }}
                      className="asset-link"
                    >
                      {job.name}
                    </Link>
                    {job.description ? (
                      <div className="faint truncate" style={{ maxWidth: 460 }}>
                        {job.description.split("\n")[0]}
                      </div>
                    ) : null}
                  </td>
                  <td className="dim nowrap">{job.isAssetJob ? "Assets" : "Ops"}</td>
                  <td>
                    <Link to="/deployment/$location" params={{ location }} className="dim">
                      {location}
                    </Link>
                  </td>
                  <td>
                    <span className="row wrap">
                      {schedules.map((s) => (
                        <Link
                          key={s.name}
                          className="chip"
                          to="/automation/$location/schedules/$name"
                          params={{ location, name: s.name }}
                        >
                          {cronText(s.cronSchedule)}
                        </Link>
                      ))}
                      {sensors.map((s) => (
                        <Link
                          key={s.name}
                          className="chip"
                          to="/automation/$location/sensors/$name"
                          params={{ location, name: s.name }}
                        >
                          {s.name}
                        </Link>
                      ))}
                      {schedules.length + sensors.length === 0 ? <span className="faint">–</span> : null}
                    </span>
                  </td>
                  <td>
                    <RunDots runs={recent.get(`${location}/${job.name}`) ?? []} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        ) : null}
        {jobs.length > 0 && shown.length === 0 ? <Empty title={`No job is called “${q}”`} /> : null}
      </div>
    </div>
  );
}
