import { Link, useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { keyToUrl } from "../assets/key.ts";
import { Copyable } from "../design/Copyable.tsx";
import { Panel } from "../design/Page.tsx";
import { TimeAgo } from "../design/Time.tsx";
import { SensorPage as SensorPageQuery } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { selectorOf, useWorkspace } from "../workspace/workspace.ts";
import { CursorDialog } from "./CursorDialog.tsx";
import { InstigatorPage } from "./InstigatorPage.tsx";
import { sensorKind } from "./sensor-kind.ts";
import { TICKS_SHOWN } from "./TickList.tsx";

export function SensorPage() {
  const { location, name } = useParams({ from: "/automation/$location/sensors/$name" });
  const { places } = useWorkspace();
  const [cursoring, setCursoring] = useState(false);
  const repository = useMemo(
    () => selectorOf(places, location, (r) => r.sensors.some((s) => s.name === name)),
    [places, location, name],
  );
  const query = useGraphQL(
    SensorPageQuery,
    useMemo(
      () => ({
        selector: {
          repositoryLocationName: location,
          repositoryName: repository?.repositoryName ?? "",
          sensorName: name,
        },
        ticks: TICKS_SHOWN,
      }),
      [location, repository, name],
    ),
    { every: 4000, enabled: repository !== null },
  );
  const found = query.data?.sensorOrError;
  const sensor = found?.__typename === "Sensor" ? found : null;
  const data =
    sensor?.sensorState.typeSpecificData?.__typename === "SensorData"
      ? sensor.sensorState.typeSpecificData
      : null;
  const on = sensor?.sensorState.status === "RUNNING";
  return (
    <>
      <InstigatorPage
        kind="sensor"
        location={location}
        name={name}
        repository={repository}
        query={query}
        refusal={found && found.__typename !== "Sensor" ? found.message : null}
        of={sensor && { description: sensor.description, state: sensor.sensorState }}
        cursor={data?.lastCursor ?? null}
        testable={sensor?.sensorType !== "AUTOMATION"}
      >
        {sensor ? (
          <Panel title="Definition" padded>
            <dl className="kv">
              <dt>Evaluated</dt>
              <dd>every {sensor.minIntervalSeconds}s at least</dd>
              <dt>Kind</dt>
              <dd>{sensorKind(sensor.sensorType)}</dd>
              {sensor.assetSelection && sensor.assetSelection.assets.length > 0 ? (
                <>
                  <dt>{sensor.sensorType === "AUTOMATION" ? "Conditions of" : "Assets"}</dt>
                  <dd className="row wrap">
                    {sensor.assetSelection.assets.slice(0, 50).map(({ key }) => (
                      <Link
                        key={key.path.join("/")}
                        className="chip"
                        to="/assets/$"
                        params={{ _splat: keyToUrl(key.path) }}
                        search={{ tab: sensor.sensorType === "AUTOMATION" ? "automation" : undefined }}
                      >
                        {key.path.join("/")}
                      </Link>
                    ))}
                  </dd>
                </>
              ) : null}
              {sensor.metadata.assetKeys && sensor.metadata.assetKeys.length > 0 ? (
                <>
                  <dt>Watches</dt>
                  <dd className="row wrap">
                    {sensor.metadata.assetKeys.map(({ path }) => (
                      <Link
                        key={path.join("/")}
                        className="chip"
                        to="/assets/$"
                        params={{ _splat: keyToUrl(path) }}
                      >
                        {path.join("/")}
                      </Link>
                    ))}
                  </dd>
                </>
              ) : null}
              {(sensor.targets ?? []).length > 0 ? (
                <>
                  <dt>Jobs</dt>
                  <dd className="row wrap">
                    {(sensor.targets ?? []).map((t) =>
                      t.pipelineName.startsWith("__") ? (
                        <span key={t.pipelineName} className="chip">
                          assets
                        </span>
                      ) : (
                        <Link
                          key={t.pipelineName}
                          className="chip"
                          to="/jobs/$location/$job"
                          params={{ location, job: t.pipelineName }}
                        >
                          {t.pipelineName}
                        </Link>
                      ),
                    )}
                  </dd>
                </>
              ) : null}
              <dt>Next tick</dt>
              <dd>
                {on && sensor.sensorState.nextTick?.timestamp ? (
                  <TimeAgo at={sensor.sensorState.nextTick.timestamp * 1000} />
                ) : (
                  <span className="faint">off</span>
                )}
              </dd>
              <dt>Cursor</dt>
              <dd>
                <span className="row wrap">
                  {data?.lastCursor ? (
                    <Copyable value={data.lastCursor} label="cursor">
                      {data.lastCursor.length > 60 ? `${data.lastCursor.slice(0, 60)}…` : data.lastCursor}
                    </Copyable>
                  ) : (
                    <span className="faint">none</span>
                  )}
                  <button type="button" className="link-button" onClick={() => setCursoring(true)}>
                    {data?.lastCursor ? "Change" : "Set"}
                  </button>
                </span>
              </dd>
              {data?.lastRunKey ? (
                <>
                  <dt>Last run key</dt>
                  <dd>
                    <Copyable value={data.lastRunKey} label="run key" />
                  </dd>
                </>
              ) : null}
            </dl>
          </Panel>
        ) : null}
      </InstigatorPage>
      {cursoring && repository ? (
        <CursorDialog
          selector={{ ...repository, sensorName: name }}
          cursor={data?.lastCursor ?? null}
          resetOnly={sensor?.sensorType !== "STANDARD"}
          onClose={() => setCursoring(false)}
        />
      ) : null}
    </>
  );
}
