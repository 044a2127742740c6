import { IconStack2 } from "@tabler/icons-react";
import { Link, useSearch } from "@tanstack/react-router";
import { Copyable } from "../design/Copyable.tsx";
import { countOf, nounOf } from "../design/count.ts";
import { Empty, QueryProblem, ServerProblem, SkeletonRows } from "../design/Feedback.tsx";
import { PageHead, Panel } from "../design/Page.tsx";
import { Badge } from "../design/Status.tsx";
import { TimeAgo } from "../design/Time.tsx";
import { Instance } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { type LocationEntry, useWorkspace } from "../workspace/workspace.ts";
import { Concurrency } from "./Concurrency.tsx";
import { counts, sourceLabel } from "./counts.ts";
import { ReloadButton } from "./ReloadButton.tsx";
import { REFUSED } from "./refused.ts";

const TABS = [
  ["locations", "Code locations"],
  ["daemons", "Daemons"],
  ["concurrency", "Concurrency"],
  ["instance", "Instance"],
] as const;

export function DeploymentPage() {
  const { tab = "locations" } = useSearch({ from: "/deployment" });
  const instance = useGraphQL(Instance, {}, { every: 5000 });
  return (
    <div className="page">
      <PageHead
        title="Deployment"
        name="Deployment"
        sub={instance.data ? `Version ${instance.data.version}` : undefined}
        actions={tab === "locations" ? <ReloadButton name={null} label="Reload all" /> : null}
      />
      <nav className="tabs" aria-label="Deployment">
        {TABS.map(([key, label]) => (
          <Link
            key={key}
            to="/deployment"
            search={{ tab: key === "locations" ? undefined : key }}
            className={tab === key ? "chosen" : ""}
            aria-current={tab === key ? "page" : undefined}
          >
            {label}
          </Link>
        ))}
      </nav>
      {tab === "locations" ? (
        <Locations />
      ) : tab === "concurrency" ? (
        <Concurrency />
      ) : instance.error && !instance.data ? (
        <QueryProblem error={instance.error} retry={instance.refetch} />
      ) : !instance.data ? (
        <SkeletonRows />
      ) : tab === "daemons" ? (
        <Daemons data={instance.data.instance} />
      ) : (
        <InstanceInfo data={instance.data.instance} version={instance.data.version} />
      )}
    </div>
  );
}

function Locations() {
  const { entries, query } = useWorkspace();
  const answer = query.data?.workspaceOrError;
  if (query.error && !query.data) return <QueryProblem error={query.error} retry={query.refetch} />;
  if (answer?.__typename === "PythonError")
    return <ServerProblem error={answer} next="Correct workspace.yaml; it is read again by itself." />;
  if (query.isPending)
    return (
      <div className="panel">
        <SkeletonRows />
      </div>
    );
  if (entries.length === 0) {
    return (
      <div className="panel">
        <Empty
          icon={<IconStack2 size={28} />}
          title="No code locations"
          code={
            "dagsterctl dev -f definitions.ts\n\n# or, for several, workspace.yaml:\nload_from:\n  - typescript_file: sales/definitions.ts\n  - typescript_file: finance/definitions.ts"
          }
        >
          A code location is one set of definitions in a process of its own. A failing one never takes the
          others down.
        </Empty>
      </div>
    );
  }
  return (
    <div className="panel">
      {entries.map((entry) => (
        <LocationCard key={entry.name} entry={entry} />
      ))}
    </div>
  );
}

function LocationCard({ entry }: { entry: LocationEntry }) {
  const { locationOrLoadError: loaded, newVersionError: refused } = entry;
  const broken = loaded?.__typename === "PythonError";
  const loading = entry.loadStatus === "LOADING";
  return (
    <article className="location-card" aria-label={entry.name}>
      <div className="row wrap">
        <Link
          to="/deployment/$location"
          params={{ location: entry.name }}
          className="asset-link"
          style={{ fontSize: 14 }}
        >
          {entry.name}
        </Link>
        <Badge tone={loading ? "run" : broken ? "fail" : refused ? "warn" : "ok"} pulse={loading}>
          {loading ? "Loading" : broken ? "Load error" : refused ? "New version refused" : "Loaded"}
        </Badge>
        <span className="faint">
          updated <TimeAgo at={entry.updatedTimestamp * 1000} />
        </span>
        <span className="spacer" />
        <ReloadButton name={entry.name} label="Reload" />
      </div>
      {loaded?.__typename === "RepositoryLocation" ? (
        <div className="row wrap dim" style={{ gap: 16 }}>
          {counts(loaded).map(([noun, count]) => (
            <span key={noun}>
              <strong className="tnum" style={{ color: "var(--text)" }}>
                {count.toLocaleString()}
              </strong>{" "}
              {nounOf(count, noun)}
            </span>
          ))}
        </div>
      ) : null}
      {entry.displayMetadata.length > 0 ? (
        <div className="row wrap">
          {entry.displayMetadata.map((m) => (
            <span key={m.key} className="chip" title={m.value}>
              {sourceLabel(m.key)}: {m.value}
            </span>
          ))}
        </div>
      ) : null}
      {refused ? <ServerProblem error={refused} title={REFUSED.title} next={REFUSED.next} /> : null}
      {broken ? (
        <ServerProblem
          error={loaded}
          next="Correct the file and save it: this location loads again by itself. The other locations are not affected."
        />
      ) : null}
    </article>
  );
}

type InstanceData = NonNullable<
  ReturnType<typeof useGraphQL<import("../graphql/generated/operations.ts").InstanceResult, unknown>>["data"]
>["instance"];

const DAEMON: Record<string, string> = {
  SCHEDULER: "evaluates schedules",
  SENSOR: "evaluates sensors",
  QUEUED_RUN_COORDINATOR: "starts queued runs",
  MONITORING: "ends runs that take too long",
  EVENT_LOG_CONSUMER: "retries failed runs",
  RETENTION: "forgets what is old",
  WEBHOOKS: "tells webhooks of runs",
  BACKFILL: "drives backfills",
};

function Daemons({ data }: { data: InstanceData }) {
  const daemons = data.daemonHealth.allDaemonStatuses;
  return (
    <div className="panel scroll-x">
      <table className="grid">
        <thead>
          <tr>
            <th>Daemon</th>
            <th>State</th>
            <th>Last heartbeat</th>
          </tr>
        </thead>
        <tbody>
          {daemons.map((daemon) => (
            <tr key={daemon.id}>
              <td>
                <strong>{daemon.daemonType}</strong>{" "}
                <span className="faint">{DAEMON[daemon.daemonType]}</span>
              </td>
              <td>
                <Badge tone={daemon.healthy ? "ok" : daemon.required ? "fail" : "none"}>
                  {daemon.healthy ? "Running" : daemon.required ? "Not running" : "Not needed"}
                </Badge>
              </td>
              <td className="dim">
                <TimeAgo at={daemon.lastHeartbeatTime === null ? null : daemon.lastHeartbeatTime * 1000} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {daemons.length === 0 ? (
        <Empty title="No daemon has reported yet" code="dagsterctl dev">
          It runs the queue, schedules and sensors; dagsterctl dev starts it along with this page.
        </Empty>
      ) : null}
      {daemons.flatMap((d) =>
        d.lastHeartbeatErrors.map((error) => (
          <div key={`${d.id}${error.message}`} className="panel-body">
            <ServerProblem
              error={error}
              title={d.daemonType}
              next="The loop goes on; this is its last error."
            />
          </div>
        )),
      )}
    </div>
  );
}

function InstanceInfo({ data, version }: { data: InstanceData; version: string }) {
  return (
    <div className="stack">
      <Panel title="Instance" padded>
        <dl className="kv">
          <dt>Version</dt>
          <dd>
            <Copyable value={version} label="version" />
          </dd>
          <dt>Run launcher</dt>
          <dd>{data.runLauncher?.name ?? "–"}</dd>
          <dt>Queue</dt>
          <dd>
            {data.runQueueConfig
              ? data.runQueueConfig.maxConcurrentRuns < 0
                ? "no limit"
                : `at most ${countOf(data.runQueueConfig.maxConcurrentRuns, "run")} at once`
              : data.runQueuingSupported
                ? "on"
                : "off"}
          </dd>
          <dt>Executable</dt>
          <dd className="mono">{data.executablePath}</dd>
        </dl>
      </Panel>
      {data.info ? (
        <Panel title="Configuration" padded>
          <pre style={{ margin: 0, overflow: "auto" }}>{data.info}</pre>
        </Panel>
      ) : null}
    </div>
  );
}
