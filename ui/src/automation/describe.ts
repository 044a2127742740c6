import { countOf } from "../design/count.ts";
import type { ScheduleRow, SensorRow } from "../graphql/generated/operations.ts";
import { cronLines, cronText } from "./cron-text.ts";
import { sensorKind } from "./sensor-kind.ts";

export interface Described {
  readonly kind: "schedule" | "sensor";
  /** When it ticks, in words. */
  readonly when: string;
  /** The same as it is written in code. */
  readonly written: string;
  /** What it launches; null = chosen assets, or what its code decides. */
  readonly job: string | null;
  readonly state: ScheduleRow["scheduleState"];
}

/** A schedule or sensor as a row tells of it. */
export function describe(of: ScheduleRow | SensorRow): Described {
  if (of.__typename === "Schedule") {
    const zone = of.executionTimezone ?? "UTC";
    return {
      kind: "schedule",
      when: zone === "UTC" ? cronText(of.cronSchedule) : `${cronText(of.cronSchedule)}, ${zone}`,
      written: `${cronLines(of.cronSchedule).join("; ")} ${zone}`,
      job: named(of.pipelineName),
      state: of.scheduleState,
    };
  }
  const what =
    of.sensorType === "STANDARD"
      ? ""
      : of.sensorType === "AUTOMATION"
        ? `, conditions of ${evaluated(of.assetSelection)}`
        : `, ${sensorKind(of.sensorType)}`;
  const when = `Every ${of.minIntervalSeconds}s${what}`;
  return {
    kind: "sensor",
    when,
    written: when,
    job: of.targets?.map(({ pipelineName }) => named(pipelineName)).find((job) => job !== null) ?? null,
    state: of.sensorState,
  };
}

const named = (job: string) => (job.startsWith("__") ? null : job);

/** `3 assets`, `1 check`, `3 assets and 1 check`. */
function evaluated(selection: SensorRow["assetSelection"]): string {
  const [assets, checks] = [selection?.assetKeys.length ?? 0, selection?.assetChecks.length ?? 0];
  const parts = [
    ...(assets > 0 || checks === 0 ? [countOf(assets, "asset")] : []),
    ...(checks > 0 ? [countOf(checks, "check")] : []),
  ];
  return parts.join(" and ");
}
