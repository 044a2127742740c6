import { MultiSelect, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconArrowDown, IconSearch } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { Empty } from "../design/Feedback.tsx";
import { formatClock, formatDuration } from "../design/time.ts";
import type { RunEventParts } from "../graphql/generated/operations.ts";
import { EventDetail } from "./EventDetail.tsx";
import { FilteredEvents, typeOf } from "./event-filter.ts";
import type { EventStore } from "./event-store.ts";
import { LogLevelNames } from "./levels.ts";

const ROW = 28;

/** All events of the run: filtered, virtual, following the end while the run goes on. */
export function EventLog({
  store,
  version,
  start,
  steps,
}: {
  store: EventStore;
  version: number;
  start: number | null;
  steps: readonly string[];
}) {
  const search = useSearch({ from: "/runs/$runId" });
  const navigate = useNavigate({ from: "/runs/$runId" });
  const { q, level, step, type } = search;
  const filtered = useMemo(() => new FilteredEvents({ q, level, step, type }), [q, level, step, type]);
  const rows = filtered.update(store.events);
  const types = useKnownTypes(store.events, version);
  const scroller = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(search.event === undefined);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  const change = (patch: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...patch }), replace: true });
  const find = useDebouncedCallback((text: string) => change({ q: text || undefined }), 150);
  const [draft, setDraft] = useState(q ?? "");
  useEffect(() => setDraft(q ?? ""), [q]);

  useEffect(() => {
    if (following && rows.length > 0) virtual.scrollToIndex(rows.length - 1, { align: "end" });
  }, [following, rows.length, virtual]);

  // A link to an event goes to it once the event has arrived.
  const arrived = useRef<number | null>(null);
  const wanted = search.event;
  // biome-ignore lint/correctness/useExhaustiveDependencies: version says when events have arrived
  useEffect(() => {
    if (wanted === undefined || arrived.current === wanted) return;
    const at = rows.indexOf(wanted);
    if (at < 0) return;
    arrived.current = wanted;
    virtual.scrollToIndex(at, { align: "center" });
  }, [wanted, version, rows, virtual]);

  const open = (index: number | undefined) => {
    arrived.current = index ?? null;
    if (index !== undefined) setFollowing(false);
    change({ event: index });
  };
  const chosen = wanted === undefined ? undefined : store.events[wanted];
  const active = Boolean(q || level || step || type);
  return (
    <div className="panel event-log">
      <div className="toolbar event-tools">
        <TextInput
          className="grow"
          aria-label="Filter events by text"
          placeholder="Filter by text, step or type"
          leftSection={<IconSearch size={14} />}
          value={draft}
          spellCheck={false}
          onChange={(e) => {
            setDraft(e.currentTarget.value);
            find(e.currentTarget.value);
          }}
        />
        <MultiSelect
          aria-label="Level"
          placeholder={level ? "" : "Level"}
          data={[...LogLevelNames]}
          value={[...(level ?? [])]}
          onChange={(v) => change({ level: v.length > 0 ? (v as typeof level) : undefined })}
          clearable
          miw={110}
          maw={300}
          comboboxProps={{ width: 150 }}
        />
        <MultiSelect
          aria-label="Step"
          placeholder={step ? "" : "Step"}
          data={[...new Set([...steps, ...(step ?? [])])]}
          value={[...(step ?? [])]}
          onChange={(v) => change({ step: v.length > 0 ? v : undefined })}
          searchable
          clearable
          limit={100}
          miw={110}
          maw={300}
          comboboxProps={{ width: 260 }}
        />
        <MultiSelect
          aria-label="Type"
          placeholder={type ? "" : "Type"}
          data={types}
          value={[...(type ?? [])]}
          onChange={(v) => change({ type: v.length > 0 ? v : undefined })}
          searchable
          clearable
          miw={110}
          maw={300}
          comboboxProps={{ width: 280 }}
        />
        <span className="faint tnum nowrap" role="status">
          {active ? `${rows.length.toLocaleString()} of ` : ""}
          {store.events.length.toLocaleString()} events
        </span>
      </div>
      <div className={`event-body ${chosen ? "split" : ""}`}>
        <div
          className="event-scroll"
          ref={scroller}
          role="log"
          aria-label="Events"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard
          tabIndex={0}
          onScroll={(event) => {
            const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
            const atEnd = scrollHeight - scrollTop - clientHeight < ROW * 2;
            if (following !== atEnd && !(following && rows.length * ROW < clientHeight))
              setFollowing(atEnd && wanted === undefined);
          }}
          onKeyDown={(event) => {
            if (
              wanted === undefined ||
              (event.key !== "ArrowDown" && event.key !== "ArrowUp" && event.key !== "Escape")
            )
              return;
            event.preventDefault();
            if (event.key === "Escape") return open(undefined);
            const next = rows[rows.indexOf(wanted) + (event.key === "ArrowDown" ? 1 : -1)];
            if (next === undefined) return;
            open(next);
            virtual.scrollToIndex(rows.indexOf(next));
          }}
        >
          <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
            {virtual.getVirtualItems().map((item) => {
              const index = rows[item.index];
              const event = index === undefined ? undefined : store.events[index];
              return event && index !== undefined ? (
                <EventRow
                  key={index}
                  event={event}
                  top={item.start}
                  start={start}
                  chosen={index === wanted}
                  onOpen={() => open(index === wanted ? undefined : index)}
                />
              ) : null;
            })}
          </div>
          {rows.length === 0 ? (
            active && store.events.length > 0 ? (
              <Empty
                title="No event passes the filter"
                action={
                  <button
                    type="button"
                    className="link-button"
                    onClick={() =>
                      change({ q: undefined, level: undefined, step: undefined, type: undefined })
                    }
                  >
                    Clear filters
                  </button>
                }
              />
            ) : (
              <Empty title={store.caughtUp ? "No events yet" : "Reading events…"}>
                {store.caughtUp ? "They appear here the moment the run writes them." : null}
              </Empty>
            )
          ) : null}
        </div>
        {chosen && wanted !== undefined ? (
          <EventDetail event={chosen} index={wanted} onClose={() => open(undefined)} />
        ) : null}
        {!following && !store.ended ? (
          <button
            type="button"
            className="follow"
            onClick={() => {
              open(undefined);
              setFollowing(true);
            }}
          >
            <IconArrowDown size={14} /> Follow
          </button>
        ) : null}
      </div>
      {store.problem && !store.ended ? (
        <div className="event-problem">{store.problem} Connecting again…</div>
      ) : null}
    </div>
  );
}

function EventRow({
  event,
  top,
  start,
  chosen,
  onOpen,
}: {
  event: RunEventParts;
  top: number;
  start: number | null;
  chosen: boolean;
  onOpen: () => void;
}) {
  const at = Number(event.timestamp);
  const type = typeOf(event);
  return (
    <button
      type="button"
      className={`event-row level-${event.level.toLowerCase()}`}
      style={{ transform: `translateY(${top}px)` }}
      aria-current={chosen}
      onClick={onOpen}
    >
      <span className="e-time tnum" title={new Date(at).toISOString()}>
        {formatClock(at)}
      </span>
      <span className="e-delta tnum">
        {start === null || at < start ? "" : `+${formatDuration(at - start)}`}
      </span>
      <span className="e-step truncate" title={event.stepKey ?? ""}>
        {event.stepKey}
      </span>
      <span className={`e-type truncate type-${kindOf(type)}`}>
        {type === "LOG_MESSAGE" ? event.level : type}
      </span>
      <span className="e-message truncate">{event.message}</span>
    </button>
  );
}

function kindOf(type: string): string {
  if (/FAILURE|ERRORED/.test(type)) return "fail";
  if (/SUCCESS$/.test(type)) return "ok";
  if (/ASSET_(MATERIALIZATION|OBSERVATION|CHECK_EVALUATION)$/.test(type)) return "asset";
  if (/RETRY|CANCEL|RESTARTED/.test(type)) return "warn";
  return "plain";
}

function useKnownTypes(events: readonly RunEventParts[], version: number): string[] {
  const seen = useRef({ count: 0, types: new Set<string>(), of: events });
  if (seen.current.of !== events) seen.current = { count: 0, types: new Set(), of: events };
  // biome-ignore lint/correctness/useExhaustiveDependencies: version says when the list has grown
  return useMemo(() => {
    const own = seen.current;
    for (; own.count < events.length; own.count++) {
      const event = events[own.count];
      if (event) own.types.add(typeOf(event));
    }
    return [...own.types].sort();
  }, [events, version]);
}
