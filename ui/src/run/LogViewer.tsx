import { SegmentedControl, Select } from "@mantine/core";
import { IconArrowDown, IconDownload, IconTerminal2 } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { Empty, Problem } from "../design/Feedback.tsx";
import type { RunEventParts } from "../graphql/generated/operations.ts";
import { LogTail, plain } from "./log-tail.ts";

/** stdout and stderr of the run's steps, followed while the run goes on. */
export function LogViewer({
  runId,
  events,
  live,
}: {
  runId: string;
  events: readonly RunEventParts[];
  live: boolean;
}) {
  const search = useSearch({ from: "/runs/$runId" });
  const navigate = useNavigate({ from: "/runs/$runId" });
  const logs = new Map<string, string>();
  for (const event of events)
    if (event.__typename === "LogsCapturedEvent")
      logs.set(
        event.logKey,
        event.stepKeys && event.stepKeys.length > 0 ? labelOf(event.logKey, event.stepKeys) : event.logKey,
      );
  const wantedStep = search.step?.[0];
  const key =
    (search.log && logs.has(search.log) ? search.log : undefined) ??
    (wantedStep && logs.has(wantedStep) ? wantedStep : [...logs.keys()][0]);
  const stream = search.stream ?? "out";
  const change = (patch: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...patch }), replace: true });
  if (!key) {
    return (
      <div className="panel">
        <Empty
          icon={<IconTerminal2 size={28} />}
          title={live ? "Nothing printed yet" : "This run printed nothing"}
          code={`log.info("read", { rows: rows.length }); // an event, with level and fields\nconsole.log("also captured");           // a line of stdout, shown here`}
        >
          What the code of a step prints to stdout and stderr is kept per step.
        </Empty>
      </div>
    );
  }
  const url = `/logs/${encodeURIComponent(runId)}/${encodeURIComponent(key)}/${stream}`;
  return (
    <div className="panel event-log">
      <div className="toolbar event-tools">
        <Select
          aria-label="Step"
          data={[...logs].map(([value, label]) => ({ value, label }))}
          value={key}
          onChange={(v) => change({ log: v ?? undefined })}
          searchable
          allowDeselect={false}
          w={280}
        />
        <SegmentedControl
          aria-label="Stream"
          value={stream}
          onChange={(v) => change({ stream: v as "out" | "err" })}
          data={[
            { value: "out", label: "stdout" },
            { value: "err", label: "stderr" },
          ]}
        />
        <span className="spacer" />
        <a href={url} download={`${runId}-${key}.${stream}.log`} className="row">
          <IconDownload size={15} /> Download
        </a>
      </div>
      <Tail key={url} url={url} live={live} />
    </div>
  );
}

function labelOf(logKey: string, stepKeys: readonly string[]): string {
  const [only] = stepKeys;
  return stepKeys.length === 1 && only === logKey
    ? logKey
    : `${logKey} (${stepKeys.slice(0, 3).join(", ")}${stepKeys.length > 3 ? `, +${stepKeys.length - 3}` : ""})`;
}

function Tail({ url, live }: { url: string; live: boolean }) {
  const tail = useRef<LogTail | null>(null);
  tail.current ??= new LogTail(url);
  const [, setVersion] = useState(0);
  const [state, setState] = useState<"reading" | "read" | "absent">("reading");
  const [problem, setProblem] = useState<string | null>(null);
  const [following, setFollowing] = useState(true);
  const goesOn = useRef(live);
  goesOn.current = live;
  const scroller = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const control = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const step = async () => {
      // Asked before the read: what is written until the run ends is still picked up by one more round.
      const more = goesOn.current;
      try {
        const read = await tail.current?.read(control.signal);
        setProblem(null);
        setState(read === null ? "absent" : "read");
        setVersion((v) => v + 1);
        if ((read ?? 0) >= 1_000_000) return void step();
      } catch (error) {
        if (control.signal.aborted) return;
        setProblem(error instanceof Error ? error.message : String(error));
      }
      if (more) timer = setTimeout(() => void step(), 1000);
    };
    void step();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, []);

  const own = tail.current;
  const count = own.lines.length + (own.pending === "" ? 0 : 1);
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => 19,
    overscan: 30,
  });
  useEffect(() => {
    if (following && count > 0) virtual.scrollToIndex(count - 1, { align: "end" });
  }, [following, count, virtual]);
  if (problem && count === 0)
    return <Problem title={problem} next="The page keeps trying while the run goes on." />;
  return (
    <div className="event-body">
      <div
        className="log-scroll"
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard
        tabIndex={0}
        role="log"
        aria-label="Captured output"
        onScroll={({ currentTarget: e }) => setFollowing(e.scrollHeight - e.scrollTop - e.clientHeight < 60)}
      >
        {own.skipped > 0 ? (
          <div className="faint log-note">
            The first {own.skipped.toLocaleString()} bytes are left out here; the download has all.
          </div>
        ) : null}
        {count === 0 ? (
          <div className="faint log-note">
            {state === "reading" ? "Reading…" : live ? "Nothing yet." : "Empty."}
          </div>
        ) : null}
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => (
            <div key={item.index} className="log-line" style={{ transform: `translateY(${item.start}px)` }}>
              <span className="n tnum">{item.index + 1}</span>
              {plain(own.lines[item.index] ?? own.pending)}
            </div>
          ))}
        </div>
      </div>
      {!following && live ? (
        <button type="button" className="follow" onClick={() => setFollowing(true)}>
          <IconArrowDown size={14} /> Follow
        </button>
      ) : null}
    </div>
  );
}
