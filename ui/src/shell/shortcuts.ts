import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

/** What each key after `g` opens. */
export const GO = {
  o: "/",
  a: "/assets",
  l: "/lineage",
  j: "/jobs",
  r: "/runs",
  b: "/backfills",
  s: "/automation",
  d: "/deployment",
} as const;

export const SHORTCUTS: ReadonlyArray<readonly [keys: string, what: string]> = [
  ["/", "Search assets, jobs, runs and code locations"],
  ["g o", "Go to the overview"],
  ["g a", "Go to assets"],
  ["g l", "Go to lineage"],
  ["g j", "Go to jobs"],
  ["g r", "Go to runs"],
  ["g b", "Go to backfills"],
  ["g s", "Go to schedules and sensors"],
  ["g d", "Go to the deployment"],
  ["?", "Show this list"],
  ["Esc", "Close what is open, clear a selection"],
];

/** Within what a person types into, plain keys are text. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}

export function useShortcuts({
  openPalette,
  openHelp,
}: {
  openPalette: () => void;
  openHelp: () => void;
}): void {
  const navigate = useNavigate();
  const goAt = useRef(0);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key === "k") {
        event.preventDefault();
        openPalette();
        return;
      }
      if (
        event.metaKey ||
        event.ctrlKey ||
        event.altKey ||
        isTyping(event.target) ||
        document.querySelector("[role=dialog]")
      )
        return;
      if (event.timeStamp - goAt.current < 1200 && event.key in GO) {
        goAt.current = 0;
        event.preventDefault();
        void navigate({ to: GO[event.key as keyof typeof GO] });
        return;
      }
      goAt.current = event.key === "g" ? event.timeStamp : 0;
      if (event.key === "/") {
        event.preventDefault();
        openPalette();
      } else if (event.key === "?") openHelp();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate, openPalette, openHelp]);
}
