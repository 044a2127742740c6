import type {
  AssetCheckExecutionResolvedStatus,
  InstigationTickStatus,
  RunStatus,
} from "../graphql/generated/operations.ts";

export type Tone = "ok" | "fail" | "run" | "queue" | "warn" | "none";

const RUN: Record<RunStatus, { tone: Tone; label: string; live?: boolean }> = {
  QUEUED: { tone: "queue", label: "Queued", live: true },
  NOT_STARTED: { tone: "queue", label: "Not started", live: true },
  MANAGED: { tone: "run", label: "Managed", live: true },
  STARTING: { tone: "run", label: "Starting", live: true },
  STARTED: { tone: "run", label: "Running", live: true },
  SUSPENDED: { tone: "warn", label: "Suspended", live: true },
  SUCCESS: { tone: "ok", label: "Success" },
  FAILURE: { tone: "fail", label: "Failed" },
  CANCELING: { tone: "warn", label: "Canceling", live: true },
  CANCELED: { tone: "none", label: "Canceled" },
};

export function runTone(status: RunStatus): Tone {
  return RUN[status].tone;
}
export function runLabel(status: RunStatus): string {
  return RUN[status].label;
}
/** Not over yet. */
export function isLive(status: RunStatus): boolean {
  return RUN[status].live === true;
}
export const RUN_STATUSES = Object.keys(RUN).filter(
  (s) => s !== "MANAGED" && s !== "SUSPENDED",
) as RunStatus[];
export const LIVE_STATUSES = RUN_STATUSES.filter(isLive);

export function Badge({
  tone,
  children,
  pulse = false,
}: {
  tone: Tone;
  children: React.ReactNode;
  pulse?: boolean;
}) {
  return (
    <span className={`badge tone-${tone}`}>
      <span className={`dot ${pulse ? "pulse" : ""}`} aria-hidden />
      {children}
    </span>
  );
}

export function Dot({
  tone,
  label,
  pulse = false,
  hollow = false,
}: {
  tone: Tone;
  label: string;
  pulse?: boolean;
  hollow?: boolean;
}) {
  return (
    <span
      className={`dot tone-${tone} ${pulse ? "pulse" : ""} ${hollow ? "hollow" : ""}`}
      role="img"
      aria-label={label}
      title={label}
    />
  );
}

export function RunBadge({ status }: { status: RunStatus }) {
  return (
    <Badge tone={runTone(status)} pulse={isLive(status) && status !== "QUEUED"}>
      {runLabel(status)}
    </Badge>
  );
}

const TICK: Record<InstigationTickStatus, { tone: Tone; label: string }> = {
  STARTED: { tone: "run", label: "Evaluating" },
  SKIPPED: { tone: "none", label: "Skipped" },
  SUCCESS: { tone: "ok", label: "Requested" },
  FAILURE: { tone: "fail", label: "Failed" },
};
export function tickTone(status: InstigationTickStatus): Tone {
  return TICK[status].tone;
}
/** One that ended well may have asked for no run: a sensor that only tells somebody. */
export function TickBadge({ status, runs }: { status: InstigationTickStatus; runs: number }) {
  const { tone, label } = TICK[status];
  return <Badge tone={tone}>{status === "SUCCESS" && runs === 0 ? "Done" : label}</Badge>;
}

export function checkTone(
  status: AssetCheckExecutionResolvedStatus,
  severity: "WARN" | "ERROR" | undefined,
): { tone: Tone; label: string } {
  switch (status) {
    case "SUCCEEDED":
      return { tone: "ok", label: "Passed" };
    case "FAILED":
      return severity === "WARN" ? { tone: "warn", label: "Warning" } : { tone: "fail", label: "Failed" };
    case "EXECUTION_FAILED":
      return { tone: "fail", label: "Could not run" };
    case "IN_PROGRESS":
      return { tone: "run", label: "Running" };
    case "SKIPPED":
      return { tone: "none", label: "Skipped" };
  }
}
