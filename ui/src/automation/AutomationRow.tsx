import { Switch, Tooltip } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useReadOnly } from "../access/read-only.ts";
import { countOf } from "../design/count.ts";
import { tickTone } from "../design/Status.tsx";
import { TimeAgo } from "../design/Time.tsx";
import { formatAbsolute } from "../design/time.ts";
import { send } from "../graphql/client.ts";
import {
  type InstigationStateParts,
  type InstigationTickStatus,
  type ScheduleRow,
  type SensorRow,
  StartSchedule,
  StartSensor,
  StopSchedule,
  StopSensor,
} from "../graphql/generated/operations.ts";
import { queryClient } from "../graphql/hooks.ts";
import { reportFailure } from "../runs/actions.ts";
import { loadedPlaces, selectorOf } from "../workspace/workspace.ts";
import { describe } from "./describe.ts";

interface Tick {
  readonly id: string;
  readonly status: InstigationTickStatus;
  readonly timestamp: number;
  readonly skipReason: string | null;
  readonly runIds: readonly string[];
}
/** One schedule or sensor: on or off, when, its last ticks and its next. */
export function AutomationRow({ of, location }: { of: ScheduleRow | SensorRow; location: string }) {
  const { name } = of;
  const { kind, when, written, job, state } = describe(of);
  const last = state.ticks[0];
  const on = state.status === "RUNNING";
  return (
    <div className="automation-row">
      <Toggle kind={kind} location={location} name={name} state={state} />
      <span className="truncate">
        {kind === "schedule" ? (
          <Link to="/automation/$location/schedules/$name" params={{ location, name }} className="asset-link">
            {name}
          </Link>
        ) : (
          <Link to="/automation/$location/sensors/$name" params={{ location, name }} className="asset-link">
            {name}
          </Link>
        )}
        <div className="faint truncate">
          {kind} · {location}
        </div>
      </span>
      <span className="dim truncate wide" title={written}>
        {when}
      </span>
      <span className="truncate wide">
        {job ? (
          <Link to="/jobs/$location/$job" params={{ location, job }} className="dim">
            {job}
          </Link>
        ) : null}
      </span>
      <span className="wide">
        <TickBars ticks={state.ticks} />
      </span>
      <span className="dim" style={{ textAlign: "right" }}>
        {on && state.nextTick?.timestamp ? (
          <Tooltip label="Next tick">
            <span>
              <TimeAgo at={state.nextTick.timestamp * 1000} />
            </span>
          </Tooltip>
        ) : on ? (
          last ? (
            <TimeAgo at={last.timestamp * 1000} />
          ) : (
            "soon"
          )
        ) : (
          <span className="faint">off</span>
        )}
      </span>
    </div>
  );
}

export function TickBars({ ticks }: { ticks: readonly Tick[] }) {
  if (ticks.length === 0) return <span className="faint">no tick yet</span>;
  return (
    <span className="ticks">
      {[...ticks].reverse().map((tick) => (
        <Tooltip
          key={tick.id}
          label={`${formatAbsolute(tick.timestamp * 1000)}: ${tick.status === "SKIPPED" ? (tick.skipReason ?? "skipped") : tick.status === "SUCCESS" ? countOf(tick.runIds.length, "run") : tick.status.toLowerCase()}`}
        >
          <span className={`tone-${tickTone(tick.status)}`} />
        </Tooltip>
      ))}
    </span>
  );
}

/** Switches a schedule or sensor on or off. */
export function Toggle({
  kind,
  location,
  name,
  state,
  label,
}: {
  kind: "schedule" | "sensor";
  location: string;
  name: string;
  state: InstigationStateParts;
  label?: string;
}) {
  const on = state.status === "RUNNING";
  const toggle = useMutation({
    mutationFn: async () => {
      const selector = selectorOf(await loadedPlaces(), location, (r) =>
        (kind === "schedule" ? r.schedules : r.sensors).some((i) => i.name === name),
      );
      if (!selector)
        throw new Error(`The code location ${location} is not loaded, so ${name} cannot be switched.`);
      const answer =
        kind === "schedule"
          ? on
            ? (await send(StopSchedule, { id: state.id })).stopRunningSchedule
            : (await send(StartSchedule, { selector: { ...selector, scheduleName: name } })).startSchedule
          : on
            ? (await send(StopSensor, { id: state.id })).stopSensor
            : (await send(StartSensor, { selector: { ...selector, sensorName: name } })).startSensor;
      if ("message" in answer) throw new Error(answer.message);
    },
    onError: reportFailure,
    onSettled: () =>
      Promise.all(
        ["Automation", "SchedulePage", "SensorPage", "Workspace", "JobPage"].map((query) =>
          queryClient.invalidateQueries({ queryKey: [query] }),
        ),
      ),
  });
  const readOnly = useReadOnly();
  const shown = toggle.isPending ? !on : on;
  return (
    <Switch
      size="sm"
      checked={shown}
      disabled={toggle.isPending || readOnly !== null}
      {...(readOnly !== null && { title: readOnly })}
      label={label}
      onChange={() => toggle.mutate()}
      aria-label={`${name} is ${shown ? "on" : "off"}`}
    />
  );
}
