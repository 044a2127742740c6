import { Modal } from "@mantine/core";
import {
  IconArrowRight,
  IconBolt,
  IconBox,
  IconBriefcase,
  IconClock,
  IconPlayerPlay,
  IconStack2,
} from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { useAssetGraph } from "../assets/asset-graph.ts";
import { keyToUrl } from "../assets/key.ts";
import { SkeletonRows } from "../design/Feedback.tsx";
import { runLabel } from "../design/Status.tsx";
import { Runs } from "../graphql/generated/operations.ts";
import { useGraphQL } from "../graphql/hooks.ts";
import { useWorkspace } from "../workspace/workspace.ts";
import { best } from "./rank.ts";
import { GO } from "./shortcuts.ts";

interface Item {
  readonly id: string;
  readonly text: string;
  readonly where: string;
  readonly icon: ReactNode;
  readonly url: string;
}

const PAGES: Item[] = Object.entries({
  Overview: GO.o,
  Assets: GO.a,
  Lineage: GO.l,
  Jobs: GO.j,
  Runs: GO.r,
  Automation: GO.s,
  Deployment: GO.d,
}).map(([text, url]) => ({
  id: `page:${url}`,
  text,
  where: "page",
  icon: <IconArrowRight size={16} />,
  url,
}));

export function CommandPalette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const { entries, places, query: workspace } = useWorkspace();
  const { graph } = useAssetGraph();
  const runs = useGraphQL(Runs, { limit: 50 }, { every: false });
  const items = useMemo(() => {
    const all: Item[] = [...PAGES];
    for (const entry of entries)
      all.push({
        id: `location:${entry.name}`,
        text: entry.name,
        where: "code location",
        icon: <IconStack2 size={16} />,
        url: `/deployment/${encodeURIComponent(entry.name)}`,
      });
    for (const { location, repository } of places) {
      const at = encodeURIComponent(location);
      for (const job of repository.jobs)
        if (!job.name.startsWith("__"))
          all.push({
            id: `job:${location}:${job.name}`,
            text: job.name,
            where: `job · ${location}`,
            icon: <IconBriefcase size={16} />,
            url: `/jobs/${at}/${encodeURIComponent(job.name)}`,
          });
      for (const s of repository.schedules)
        all.push({
          id: `schedule:${location}:${s.name}`,
          text: s.name,
          where: `schedule · ${location}`,
          icon: <IconClock size={16} />,
          url: `/automation/${at}/schedules/${encodeURIComponent(s.name)}`,
        });
      for (const s of repository.sensors)
        all.push({
          id: `sensor:${location}:${s.name}`,
          text: s.name,
          where: `sensor · ${location}`,
          icon: <IconBolt size={16} />,
          url: `/automation/${at}/sensors/${encodeURIComponent(s.name)}`,
        });
    }
    for (const node of graph?.nodes ?? [])
      all.push({
        id: `asset:${node.id}`,
        text: node.id,
        where: `asset · ${node.group}`,
        icon: <IconBox size={16} />,
        url: `/assets/${keyToUrl(node.path)}`,
      });
    if (runs.data?.runsOrError.__typename === "Runs") {
      for (const run of runs.data.runsOrError.results)
        all.push({
          id: `run:${run.runId}`,
          text: `${run.runId.slice(0, 8)} ${run.jobName}`,
          where: `run · ${runLabel(run.status).toLowerCase()}`,
          icon: <IconPlayerPlay size={16} />,
          url: `/runs/${run.runId}`,
        });
    }
    return all;
  }, [entries, places, graph, runs.data]);
  const shown = useMemo(() => {
    const found = best(query.trim(), items, (item) => item.text, 40);
    const id = query.trim();
    if (/^[0-9a-f-]{36}$/.test(id))
      found.unshift({
        id: `goto:${id}`,
        text: id,
        where: "open run",
        icon: <IconPlayerPlay size={16} />,
        url: `/runs/${id}`,
      });
    return found;
  }, [query, items]);

  useEffect(() => {
    list.current?.querySelector(`[data-index="${active}"]`)?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const go = (item: Item | undefined) => {
    if (!item) return;
    onClose();
    void navigate({ href: item.url });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      size="lg"
      yOffset="12vh"
      aria-label="Search"
      transitionProps={{ duration: 80 }}
    >
      <input
        data-autofocus
        className="palette-input"
        placeholder="Search assets, jobs, runs, schedules, code locations…"
        aria-label="Search"
        role="combobox"
        aria-expanded
        aria-controls="palette-list"
        aria-activedescendant={shown[active] ? `palette-${active}` : undefined}
        value={query}
        onChange={(event) => {
          setQuery(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setActive(Math.min(active + 1, shown.length - 1));
          else if (event.key === "ArrowUp") setActive(Math.max(active - 1, 0));
          else if (event.key === "Enter") go(shown[active]);
          else return;
          event.preventDefault();
        }}
      />
      <div
        id="palette-list"
        className="palette-list"
        role="listbox"
        aria-label="Results"
        ref={list}
        tabIndex={-1}
      >
        {workspace.isPending ? <SkeletonRows rows={4} /> : null}
        {shown.map((item, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard drives the list from the input above
          <div
            key={item.id}
            id={`palette-${index}`}
            data-index={index}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            className="palette-item"
            onClick={() => go(item)}
            onMouseMove={() => setActive(index)}
          >
            {item.icon}
            <span className="truncate">{item.text}</span>
            <span className="where">{item.where}</span>
          </div>
        ))}
        {!workspace.isPending && shown.length === 0 ? (
          <div className="palette-item faint">
            Nothing is called “{query}”. A whole run id opens that run.
          </div>
        ) : null}
      </div>
      <div className="palette-foot">
        <span>
          <kbd className="kbd">↑</kbd> <kbd className="kbd">↓</kbd> choose
        </span>
        <span>
          <kbd className="kbd">Enter</kbd> open
        </span>
        <span>
          <kbd className="kbd">Esc</kbd> close
        </span>
      </div>
    </Modal>
  );
}
