/** An automation condition as plain JSON: user code writes it, the control plane evaluates it. */
import { z } from "zod";
import { AssetKey } from "./definitions.ts";

type Labelled = { label?: string | undefined };
/** What dependencies a dep condition looks at, as asset selections. */
interface DepSelection {
  allow?: string[] | undefined;
  ignore?: string[] | undefined;
}
export type ConditionDef = Labelled &
  (
    | { kind: "and" | "or"; operands: ConditionDef[] }
    | { kind: "not" | "newly_true"; operand: ConditionDef }
    | { kind: "since"; trigger: ConditionDef; reset: ConditionDef }
    | ({ kind: "any_deps_match" | "all_deps_match"; operand: ConditionDef } & DepSelection)
    | { kind: "asset_matches"; asset: AssetKey; operand: ConditionDef }
    | { kind: "any_checks_match" | "all_checks_match"; operand: ConditionDef; blockingOnly: boolean }
    | { kind: LeafKind }
    | { kind: "cron_tick_passed"; cron: string; timezone: string }
    /** Seconds before the end of the latest window; null = that window alone. */
    | { kind: "in_latest_time_window"; lookbackSeconds: number | null }
  );

const LEAVES = [
  "missing",
  "run_in_progress",
  "backfill_in_progress",
  "execution_failed",
  "newly_updated",
  "newly_requested",
  "will_be_requested",
  "initial_evaluation",
  "code_version_changed",
  "executed_with_root_target",
  "check_passed",
  "check_failed",
  "freshness_passed",
  "freshness_warned",
  "freshness_failed",
] as const;
export type LeafKind = (typeof LEAVES)[number];

const label = z.string().optional();
const operand = z.lazy(() => ConditionDef);
const selections = z.array(z.string()).optional();
export const ConditionDef: z.ZodType<ConditionDef> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.object({ kind: z.enum(["and", "or"]), operands: z.array(operand), label }),
    z.object({ kind: z.enum(["not", "newly_true"]), operand, label }),
    z.object({ kind: z.literal("since"), trigger: operand, reset: operand, label }),
    z.object({
      kind: z.enum(["any_deps_match", "all_deps_match"]),
      operand,
      allow: selections,
      ignore: selections,
      label,
    }),
    z.object({ kind: z.literal("asset_matches"), asset: AssetKey, operand, label }),
    z.object({
      kind: z.enum(["any_checks_match", "all_checks_match"]),
      operand,
      blockingOnly: z.boolean(),
      label,
    }),
    z.object({ kind: z.enum(LEAVES), label }),
    z.object({ kind: z.literal("cron_tick_passed"), cron: z.string(), timezone: z.string(), label }),
    z.object({ kind: z.literal("in_latest_time_window"), lookbackSeconds: z.number().nullable(), label }),
  ]),
);

/** Name of the sensor that evaluates the conditions of assets that no other sensor has, as in Dagster. */
export const DEFAULT_AUTOMATION_SENSOR = "default_automation_condition_sensor";
