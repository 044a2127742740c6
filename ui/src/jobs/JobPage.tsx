import { IconPlayerPlay } from "@tabler/icons-react";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { AutomationRow } from "../automation/AutomationRow.tsx";
import { Empty, Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { PageHead, Panel } from "../design/Page.tsx";
import { JobPage as JobPageQuery, type JobPageResult, Runs } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { Markdown } from "../metadata/Markdown.tsx";
import { RunList } from "../runs/RunCells.tsx";
import { selectorOf, useWorkspace } from "../workspace/workspace.ts";

const Launchpad = lazy(() => import("./Launchpad.tsx").then((m) => ({ default: m.Launchpad })));
const JobPartitions = lazy(() => import("./JobPartitions.tsx").then((m) => ({ default: m.JobPartitions })));
const JobGraph = lazy(() => import("./JobGraph.tsx").then((m) => ({ default: m.JobGraph })));

export type JobDefinition = Extract<JobPageResult["pipelineOrError"], { __typename: "Pipeline" }>;
const TABS = [
  ["graph", "Graph"],
  ["launchpad", "Launchpad"],
  ["partitions", "Partitions"],
  ["runs", "Runs"],
  ["automation", "Automation"],
] as const;

export function JobPage() {
  const { location, job: name } = useParams({ from: "/jobs/$location/$job" });
  const { tab = "graph" } = useSearch({ from: "/jobs/$location/$job" });
  const { places, query: workspace } = useWorkspace();
  const selector = useMemo(
    () => selectorOf(places, location, (r) => r.jobs.some((j) => j.name === name)),
    [places, location, name],
  );
  const variables = useMemo(
    () => ({
      selector: {
        pipelineName: name,
        repositoryName: selector?.repositoryName ?? "",
        repositoryLocationName: location,
      },
      repository: { repositoryName: selector?.repositoryName ?? "", repositoryLocationName: location },
      name,
    }),
    [name, selector, location],
  );
  const query = useGraphQL(JobPageQuery, variables, { every: 30_000, enabled: selector !== null });
  const found = query.data?.pipelineOrError;
  const job = found?.__typename === "Pipeline" && found.name === name ? found : null;
  const sets = query.data?.partitionSetsOrError;
  const partitioned = sets?.__typename === "PartitionSets" && sets.results.length > 0;
  const tabs =
    found && !job ? [] : TABS.filter(([key]) => key !== "partitions" || partitioned || tab === "partitions");
  return (
    <div className={`page ${tab === "graph" ? "fill" : ""}`}>
      <PageHead
        name={name}
        title={name}
        crumb={
          <>
            <Link to="/jobs">Jobs</Link> /{" "}
            <Link to="/deployment/$location" params={{ location }}>
              {location}
            </Link>
          </>
        }
        sub={job?.description ? <Markdown source={job.description.split("\n\n")[0] ?? ""} /> : undefined}
      />
      {workspace.data && !selector ? (
        <Problem
          title={`The code location ${location} is not loaded`}
          next={<Link to="/deployment">Look at its load error in Deployment</Link>}
        />
      ) : null}
      {query.error && !query.data ? <QueryProblem error={query.error} retry={query.refetch} /> : null}
      {found && found.__typename !== "Pipeline" ? (
        <Problem
          title={"message" in found ? found.message : `There is no job ${name}`}
          next={
            <>
              It may have been renamed: <Link to="/jobs">all jobs</Link>.
            </>
          }
        />
      ) : null}
      <nav className="tabs" aria-label="Job">
        {tabs.map(([key, label]) => (
          <Link
            key={key}
            to="/jobs/$location/$job"
            params={{ location, job: name }}
            search={{ tab: key === "graph" ? undefined : key }}
            className={tab === key ? "chosen" : ""}
            aria-current={tab === key ? "page" : undefined}
          >
            {label}
          </Link>
        ))}
      </nav>
      {!job && !found && !query.error ? <SkeletonRows rows={8} /> : null}
      {job ? (
        <Suspense fallback={<SkeletonRows rows={8} />}>
          {tab === "graph" ? <JobGraph job={job} /> : null}
          {tab === "launchpad" && selector ? <Launchpad key={name} job={job} repository={selector} /> : null}
          {tab === "partitions" && selector ? (
            <JobPartitions key={name} job={name} repository={selector} />
          ) : null}
          {tab === "runs" ? <JobRuns job={name} location={location} /> : null}
          {tab === "automation" ? <JobAutomation job={job} location={location} /> : null}
        </Suspense>
      ) : null}
    </div>
  );
}

function JobRuns({ job, location }: { job: string; location: string }) {
  const query = useGraphQL(Runs, { filter: { pipelineName: job }, limit: 50 }, { every: 2500 });
  const answer = query.data?.runsOrError;
  if (query.error && !answer) return <QueryProblem error={query.error} retry={query.refetch} />;
  if (!answer) return <SkeletonRows />;
  if (answer.__typename !== "Runs") return <Problem title={answer.message} />;
  const runs = answer.results.filter(
    (run) => !run.repositoryOrigin || run.repositoryOrigin.repositoryLocationName === location,
  );
  return (
    <Panel
      title="Last runs"
      count={runs.length}
      actions={
        <Link to="/runs" search={{ job }}>
          All, with filters
        </Link>
      }
    >
      {runs.length > 0 ? (
        <RunList runs={runs} />
      ) : (
        <Empty
          icon={<IconPlayerPlay size={26} />}
          title="This job has not run yet"
          code={`dagsterctl job launch ${job}`}
        >
          Launch it from the Launchpad, or from the command line.
        </Empty>
      )}
    </Panel>
  );
}

function JobAutomation({ job, location }: { job: JobDefinition; location: string }) {
  if (job.schedules.length + job.sensors.length === 0) {
    return (
      <div className="panel">
        <Empty
          title="Nothing launches this job by itself"
          code={`const nightly = schedule("nightly", { job: ${/^[A-Za-z_]\w*$/.test(job.name) ? job.name : "job"}, cron: "0 2 * * *" });`}
        >
          A schedule launches it by the clock, a sensor when something has happened.
        </Empty>
      </div>
    );
  }
  return (
    <div className="panel">
      {[...job.schedules, ...job.sensors].map((of) => (
        <AutomationRow key={of.id} location={location} of={of} />
      ))}
    </div>
  );
}
