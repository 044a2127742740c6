import { ActionIcon, Tooltip } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconArrowsMinimize, IconMinus, IconPlus } from "@tabler/icons-react";
import { useMemo, useRef, useState } from "react";
import { useNow } from "../design/now.ts";
import type { Tone } from "../design/Status.tsx";
import { axisStep, formatDuration } from "../design/time.ts";
import { ganttLayout, ROW_HEIGHT } from "./gantt-layout.ts";
import { countSteps, type Step, type StepFold, type StepState } from "./steps.ts";

const TONE: Record<StepState, Tone> = {
  waiting: "none",
  running: "run",
  retry: "warn",
  success: "ok",
  failure: "fail",
  skipped: "none",
  canceled: "none",
};
const STEP_LABEL: Record<StepState, string> = {
  waiting: "Waiting",
  running: "Running",
  retry: "Waits for retry",
  success: "Success",
  failure: "Failed",
  skipped: "Skipped",
  canceled: "Canceled",
};

interface Props {
  readonly fold: StepFold;
  /** Grows with each batch of events, since the fold itself is changed in place. */
  readonly version: number;
  readonly chosen: readonly string[];
  readonly onChoose: (keys: string[]) => void;
  readonly live: boolean;
}

/** Steps on a time axis; rows outside the screen are not drawn, so a thousand steps scroll like ten. */
export function GanttChart({ fold, version, chosen, onChoose, live }: Props) {
  const clock = useNow();
  const { ref: sizer, width: full } = useElementSize();
  const [zoom, setZoom] = useState(1);
  const [hover, setHover] = useState<string | null>(null);
  const [scroll, setScroll] = useState({ top: 0, height: 260 });
  const scroller = useRef<HTMLDivElement>(null);
  const labels = full > 700 ? 210 : 130;
  const now = live ? Math.max(clock, fold.last ?? 0) : (fold.ended ?? fold.last ?? clock);
  const width = Math.max(100, full - labels - 14) * zoom;
  // biome-ignore lint/correctness/useExhaustiveDependencies: version says when the fold has changed
  const gantt = useMemo(() => {
    const steps = [...fold.steps.values()];
    const starts = steps.flatMap((s) => s.attempts.map((a) => a.start));
    const from = starts.length > 0 ? starts.reduce((a, b) => Math.min(a, b)) : (fold.first ?? now);
    const ends = steps.flatMap((s) => s.attempts.map((a) => a.end ?? now));
    const to = Math.max(from + 50, ends.length > 0 ? ends.reduce((a, b) => Math.max(a, b)) : now);
    return ganttLayout(steps, {
      from,
      to: to + (to - from) * 0.02,
      width,
      now,
      step: axisStep(to - from, width / 90),
    });
  }, [fold, version, width, now]);
  const count = countSteps(fold.steps.values());
  const related = useMemo(
    () =>
      hover === null
        ? null
        : new Set([
            hover,
            ...(fold.steps.get(hover)?.upstream ?? []),
            ...[...fold.steps.values()].filter((s) => s.upstream.includes(hover)).map((s) => s.key),
          ]),
    [hover, fold],
  );
  const first = Math.max(0, Math.floor(scroll.top / ROW_HEIGHT) - 5);
  const visible = gantt.rows.slice(first, first + Math.ceil(scroll.height / ROW_HEIGHT) + 12);
  const index = useMemo(() => new Map(gantt.rows.map((row) => [row.key, row])), [gantt]);
  const choose = (key: string, more: boolean) =>
    onChoose(
      more
        ? chosen.includes(key)
          ? chosen.filter((k) => k !== key)
          : [...chosen, key]
        : chosen.length === 1 && chosen[0] === key
          ? []
          : [key],
    );
  return (
    <section className="panel gantt" aria-label="Steps" ref={sizer}>
      <div className="panel-head">
        <h2>Steps</h2>
        <span className="row wrap" style={{ gap: 10 }}>
          {(Object.keys(count) as StepState[])
            .filter((s) => count[s] > 0)
            .map((state) => (
              <span key={state} className={`row tone-${TONE[state]}`} style={{ gap: 5 }}>
                <span
                  className={`dot ${state === "running" ? "pulse" : ""} ${state === "waiting" ? "hollow" : ""}`}
                />
                <span className="dim tnum">
                  {count[state]} {STEP_LABEL[state].toLowerCase()}
                </span>
              </span>
            ))}
        </span>
        <span className="spacer" />
        {chosen.length > 0 ? (
          <button type="button" className="link-button" onClick={() => onChoose([])}>
            Clear {chosen.length} chosen
          </button>
        ) : null}
        <Zoom
          label="Zoom out"
          icon={<IconMinus size={14} />}
          onClick={() => setZoom(Math.max(1, zoom / 1.6))}
          disabled={zoom === 1}
        />
        <Zoom
          label="Zoom in"
          icon={<IconPlus size={14} />}
          onClick={() => setZoom(Math.min(200, zoom * 1.6))}
        />
        <Zoom
          label="Fit"
          icon={<IconArrowsMinimize size={14} />}
          onClick={() => setZoom(1)}
          disabled={zoom === 1}
        />
      </div>
      {gantt.rows.length === 0 ? <div className="panel-body faint">No step has started yet.</div> : null}
      <div
        className="gantt-scroll"
        ref={scroller}
        onScroll={(event) =>
          setScroll({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })
        }
        onWheel={(event) => {
          if (!event.ctrlKey && !event.metaKey) return;
          setZoom((z) => Math.min(200, Math.max(1, z * (event.deltaY < 0 ? 1.2 : 1 / 1.2))));
        }}
      >
        <div style={{ width: labels + width, position: "relative" }}>
          <div className="gantt-axis" style={{ paddingLeft: labels }}>
            {gantt.marks.map((mark) => (
              <span key={mark.ms} style={{ left: labels + mark.x }}>
                {mark.ms === 0 ? "0" : formatDuration(mark.ms)}
              </span>
            ))}
          </div>
          <div style={{ position: "relative", height: gantt.height }}>
            <svg
              className="gantt-marks"
              width={width}
              height={gantt.height}
              style={{ left: labels }}
              aria-hidden
            >
              {gantt.marks.map((mark) => (
                <line key={mark.ms} x1={mark.x} x2={mark.x} y1={0} y2={gantt.height} />
              ))}
              {hover !== null ? <Links step={fold.steps.get(hover)} rows={index} all={fold.steps} /> : null}
            </svg>
            {visible.map((row) => (
              <button
                key={row.key}
                type="button"
                className={`gantt-row tone-${TONE[row.state]}`}
                style={{ top: row.y, opacity: related && !related.has(row.key) ? 0.35 : 1 }}
                aria-pressed={chosen.includes(row.key)}
                aria-label={`${row.key}: ${STEP_LABEL[row.state]}`}
                onClick={(event) => choose(row.key, event.shiftKey || event.metaKey || event.ctrlKey)}
                onMouseEnter={() => setHover(row.key)}
                onMouseLeave={() => setHover(null)}
                onFocus={() => setHover(row.key)}
                onBlur={() => setHover(null)}
              >
                <span className="gantt-label truncate" style={{ width: labels }} title={row.key}>
                  <span
                    className={`dot ${row.state === "running" ? "pulse" : ""} ${row.state === "waiting" || row.state === "skipped" ? "hollow" : ""}`}
                  />
                  <Name text={row.key} />
                </span>
                {row.bars.map((bar) => (
                  <span
                    key={bar.start}
                    className={`gantt-bar tone-${TONE[bar.state]} ${bar.end === null ? "growing" : ""}`}
                    style={{ left: labels + bar.x, width: bar.width }}
                    title={`${STEP_LABEL[bar.state]}, ${formatDuration((bar.end ?? now) - bar.start)}`}
                  >
                    {bar.width > 46 ? formatDuration((bar.end ?? now) - bar.start) : ""}
                  </span>
                ))}
                {row.bars.length > 0 && (row.bars.at(-1)?.width ?? 0) <= 46 ? (
                  <After bar={row.bars.at(-1)} left={labels} now={now} limit={width} />
                ) : null}
              </button>
            ))}
          </div>
        </div>
      </div>
    </section>
  );
}

/** A long name loses its middle: names of steps often begin alike. */
function Name({ text }: { text: string }) {
  if (text.length <= 24) return <span className="truncate">{text}</span>;
  return (
    <span className="gantt-name">
      <span className="truncate">{text.slice(0, -10)}</span>
      <span>{text.slice(-10)}</span>
    </span>
  );
}

function After({
  bar,
  left,
  now,
  limit,
}: {
  bar: { x: number; width: number; start: number; end: number | null } | undefined;
  left: number;
  now: number;
  limit: number;
}) {
  if (!bar) return null;
  const text = formatDuration((bar.end ?? now) - bar.start);
  const room = bar.x + bar.width + 52 < limit;
  return (
    <span
      className="gantt-after"
      style={
        room
          ? { left: left + bar.x + bar.width + 5 }
          : { left: left + bar.x - 5, transform: "translateX(-100%)" }
      }
    >
      {text}
    </span>
  );
}

/** Lines from what a step waits for, and to what waits for it. */
function Links({
  step,
  rows,
  all,
}: {
  step: Step | undefined;
  rows: ReadonlyMap<string, { y: number; bars: ReadonlyArray<{ x: number; width: number }> }>;
  all: ReadonlyMap<string, Step>;
}) {
  if (!step) return null;
  const pairs = [
    ...step.upstream.map((up) => [up, step.key] as const),
    ...[...all.values()].filter((s) => s.upstream.includes(step.key)).map((s) => [step.key, s.key] as const),
  ];
  return pairs.map(([from, to]) => {
    const a = rows.get(from);
    const b = rows.get(to);
    const end = a?.bars.at(-1);
    if (!a || !b || !end) return null;
    const x1 = end.x + end.width;
    const x2 = b.bars[0]?.x ?? x1 + 12;
    const bend = Math.max(14, Math.abs(x2 - x1) / 2);
    return (
      <path
        key={`${from}>${to}`}
        d={`M${x1},${a.y + ROW_HEIGHT / 2} C${x1 + bend},${a.y + ROW_HEIGHT / 2} ${x2 - bend},${b.y + ROW_HEIGHT / 2} ${x2},${b.y + ROW_HEIGHT / 2}`}
      />
    );
  });
}

function Zoom({
  label,
  icon,
  onClick,
  disabled = false,
}: {
  label: string;
  icon: React.ReactNode;
  onClick: () => void;
  disabled?: boolean;
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={label}
        onClick={onClick}
        disabled={disabled}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
