import type { ErrorInfo } from "@dagster-operator/sdk/internal";
import type { Condition } from "../runtime/condition.ts";
import type { Counts } from "./decide.ts";
import type { Trouble } from "./trouble.ts";

/** What the conditions are made from. */
export interface Told {
  paused: boolean;
  /** Code servers that are wanted, exist, are of an older version, … */
  replicas: number;
  pods: number;
  fresh: number;
  old: number;
  oldReady: number;
  /** Definitions of the newest version. */
  loaded: Counts | null;
  loadError: ErrorInfo | null;
  trouble: Trouble | null;
  /** Generation that served last. */
  servingGeneration: number | null;
}

/** The closed set of reasons of a CodeLocation's conditions. */
export type Reason =
  | "Serving"
  | "Loaded"
  | "Complete"
  | "Starting"
  | "RollingOut"
  | "Paused"
  | "NoReplicas"
  | "LoadError"
  | "InvalidSpec"
  | "UnsupportedLanguage"
  | "NameTaken"
  | Trouble["reason"];

export type Said = Pick<Condition, "type" | "status" | "message"> & { reason: Reason };

/**
 * Ready: the newest version serves. It is Unknown while an older one serves and the newest is on its way, so that
 * `kubectl wait` after an apply waits for what was applied. Pure.
 */
export function tell(told: Told): Said[] {
  const words = wordsOf(told);
  return [
    { type: "Ready", ...ready(told, words) },
    { type: "DefinitionsLoaded", ...definitionsLoaded(told, words) },
    { type: "Progressing", ...progressing(told, words) },
  ];
}

type Body = Omit<Said, "type">;

/** What stands in the way, and what serves meanwhile. */
function wordsOf({ loadError, trouble, oldReady, servingGeneration }: Told) {
  const meanwhile =
    oldReady === 0
      ? "nothing serves"
      : servingGeneration === null
        ? "an older version serves"
        : `generation ${servingGeneration} goes on serving`;
  const obstacle: { reason: Reason; message: string } | null = loadError
    ? { reason: "LoadError", message: `the code does not load: ${loadError.name}: ${loadError.message}` }
    : trouble;
  return {
    meanwhile,
    obstacle: obstacle && {
      reason: obstacle.reason,
      message: `${obstacle.message.slice(0, 2048)}; ${meanwhile}`,
    },
  };
}
type Words = ReturnType<typeof wordsOf>;

const PAUSED: Body = {
  status: "False",
  reason: "Paused",
  message: "spec.paused is set: no code server runs",
};
const NO_REPLICAS: Body = {
  status: "False",
  reason: "NoReplicas",
  message: "spec.replicas is 0: no code server runs",
};

function ready(told: Told, { meanwhile, obstacle }: Words): Body {
  if (told.paused) return PAUSED;
  if (told.replicas === 0) return NO_REPLICAS;
  if (told.loaded)
    return {
      status: "True",
      reason: "Serving",
      message: `${told.fresh} of ${some(told.replicas, "code server")} ${told.fresh === 1 ? "serves" : "serve"} ${sum(told.loaded)}`,
    };
  if (obstacle) return { status: "False", ...obstacle };
  return told.oldReady > 0
    ? { status: "Unknown", reason: "RollingOut", message: `the new version is starting; ${meanwhile}` }
    : { status: "False", reason: "Starting", message: "the code server is starting" };
}

function definitionsLoaded(told: Told, { meanwhile, obstacle }: Words): Body {
  if (told.loaded) return { status: "True", reason: "Loaded", message: sum(told.loaded) };
  if (told.loadError && obstacle) return { status: "False", ...obstacle };
  if (told.paused) return { ...PAUSED, status: "Unknown" };
  if (told.replicas === 0) return { ...NO_REPLICAS, status: "Unknown" };
  if (obstacle) return { status: "Unknown", ...obstacle };
  return {
    status: "Unknown",
    reason: "Starting",
    message: `the definitions are not loaded yet; ${meanwhile}`,
  };
}

function progressing(told: Told, { obstacle }: Words): Body {
  if (told.paused) return PAUSED;
  if (told.loaded && told.fresh >= told.replicas && told.old === 0)
    return { status: "False", reason: "Complete", message: "all code servers are of this version" };
  if (told.replicas === 0) return { ...NO_REPLICAS };
  // A second replica that cannot start is told here, though the first one serves.
  if (obstacle) return { status: "False", ...obstacle };
  return {
    status: "True",
    reason: told.old > 0 ? "RollingOut" : "Starting",
    message: `${told.fresh} of ${some(told.replicas, "code server")} of this version ready, ${told.old} of an older one left`,
  };
}

const sum = ({ assets, jobs, schedules, sensors }: Counts) =>
  [some(assets, "asset"), some(jobs, "job"), some(schedules, "schedule"), some(sensors, "sensor")].join(", ");
const some = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
