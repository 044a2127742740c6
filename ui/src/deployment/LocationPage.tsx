import { IconPlugConnected } from "@tabler/icons-react";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { Copyable } from "../design/Copyable.tsx";
import { countOf, nounOf } from "../design/count.ts";
import { Empty, Problem, QueryProblem, ServerProblem, SkeletonRows } from "../design/Feedback.tsx";
import { PageHead, Panel } from "../design/Page.tsx";
import { Badge } from "../design/Status.tsx";
import { TimeAgo } from "../design/Time.tsx";
import { Resources } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { useWorkspace } from "../workspace/workspace.ts";
import { counts, sourceLabel } from "./counts.ts";
import { ReloadButton } from "./ReloadButton.tsx";
import { REFUSED } from "./refused.ts";

export function LocationPage() {
  const { location } = useParams({ from: "/deployment/$location" });
  const { entries, query } = useWorkspace();
  const entry = entries.find((e) => e.name === location);
  const loaded =
    entry?.locationOrLoadError?.__typename === "RepositoryLocation" ? entry.locationOrLoadError : null;
  const error = entry?.locationOrLoadError?.__typename === "PythonError" ? entry.locationOrLoadError : null;
  const loading = entry?.loadStatus === "LOADING";
  const refused = entry?.newVersionError;
  return (
    <div className="page">
      <PageHead
        name={location}
        crumb={<Link to="/deployment">Deployment</Link>}
        title={
          <>
            {location}
            {entry ? (
              <Badge tone={error ? "fail" : loading ? "run" : refused ? "warn" : "ok"}>
                {error ? "Load error" : loading ? "Loading" : refused ? "New version refused" : "Loaded"}
              </Badge>
            ) : null}
          </>
        }
        sub={
          entry ? (
            <>
              updated <TimeAgo at={entry.updatedTimestamp * 1000} />
            </>
          ) : undefined
        }
        actions={entry ? <ReloadButton name={location} label="Reload" /> : null}
      />
      {query.error && !query.data ? <QueryProblem error={query.error} retry={query.refetch} /> : null}
      {query.isPending ? <SkeletonRows /> : null}
      {query.data && !entry ? (
        <Problem
          title={`There is no code location ${location}`}
          next={<Link to="/deployment">All code locations</Link>}
        />
      ) : null}
      <div className="stack">
        {refused ? <ServerProblem error={refused} title={REFUSED.title} next={REFUSED.next} /> : null}
        {error ? (
          <ServerProblem
            error={error}
            next="Correct the file and save it: the location loads again by itself."
          />
        ) : null}
        {entry ? (
          <Panel title="Definitions" padded>
            <dl className="kv">
              {loaded
                ? counts(loaded).map(([noun, count]) => (
                    <div key={noun} style={{ display: "contents" }}>
                      <dt>{nounOf(count, noun)}</dt>
                      <dd className="tnum">{count.toLocaleString()}</dd>
                    </div>
                  ))
                : null}
              {loaded ? (
                <>
                  <dt>version</dt>
                  <dd>
                    <Copyable value={entry.versionKey} label="version">
                      {entry.versionKey.slice(0, 12)}
                    </Copyable>
                  </dd>
                </>
              ) : null}
              {entry.displayMetadata.map((m) => (
                <div key={m.key} style={{ display: "contents" }}>
                  <dt>{sourceLabel(m.key)}</dt>
                  <dd className="mono">{m.value}</dd>
                </div>
              ))}
            </dl>
            {loaded ? (
              <div className="row wrap" style={{ marginTop: 14 }}>
                <Link to="/assets" search={{ location: [location] }}>
                  Its assets
                </Link>{" "}
                ·{" "}
                <Link to="/runs" search={{ location }}>
                  Its runs
                </Link>
              </div>
            ) : null}
          </Panel>
        ) : null}
        {loaded?.repositories.map((repository) => (
          <ResourceList key={repository.id} location={location} repository={repository.name} />
        ))}
      </div>
    </div>
  );
}

function ResourceList({ location, repository }: { location: string; repository: string }) {
  const query = useGraphQL(
    Resources,
    useMemo(
      () => ({ repository: { repositoryLocationName: location, repositoryName: repository } }),
      [location, repository],
    ),
    { every: 60_000 },
  );
  const answer = query.data?.allTopLevelResourceDetailsOrError;
  if (query.error && !query.data) return <QueryProblem error={query.error} retry={query.refetch} />;
  if (answer && answer.__typename !== "ResourceDetailsList") return <Problem title={answer.message} />;
  return (
    <Panel title="Resources" count={answer?.results.length}>
      {!answer ? <SkeletonRows rows={3} /> : null}
      {answer?.results.map((resource) => (
        <div key={resource.id} className="location-card">
          <div className="row wrap">
            <strong>{resource.name}</strong>
            <span className="chip mono">{resource.resourceType}</span>
            <span className="faint">
              used by {countOf(resource.assetKeysUsing.length, "asset")},{" "}
              {countOf(resource.jobsOpsUsing.length, "job")}
            </span>
          </div>
          {resource.description ? <span className="dim">{resource.description}</span> : null}
          {resource.configuredValues.length > 0 ? (
            <dl className="kv">
              {resource.configuredValues.map((v) => (
                <div key={v.key} style={{ display: "contents" }}>
                  <dt className="mono">{v.key}</dt>
                  <dd className="mono">
                    {v.type === "ENV_VAR" ? (
                      <>
                        <span className="chip">env</span> {v.value}
                      </>
                    ) : (
                      v.value
                    )}
                  </dd>
                </div>
              ))}
            </dl>
          ) : null}
        </div>
      ))}
      {answer?.results.length === 0 ? (
        <Empty
          icon={<IconPlugConnected size={26} />}
          title="No resources"
          code={`new Definitions({ assets, resources: { warehouse: duckdb({ path: env("WAREHOUSE") }) } });`}
        >
          A resource is a connection or client that assets and ops are given by name.
        </Empty>
      ) : null}
    </Panel>
  );
}
