import { Tooltip } from "@mantine/core";
import { Badge, type Tone } from "../design/Status.tsx";
import { formatDuration } from "../design/time.ts";
import type { AssetDefinition } from "./AssetPage.tsx";

const SHOWN: Record<string, { tone: Tone; label: string }> = {
  HEALTHY: { tone: "ok", label: "Fresh" },
  WARNING: { tone: "warn", label: "Nearly overdue" },
  DEGRADED: { tone: "fail", label: "Overdue" },
};

/** Whether an asset is as fresh as its policy wants it; nothing without a policy, and before it was ever made. */
export function Freshness({ node }: { node: AssetDefinition }) {
  const shown = SHOWN[node.freshnessStatusInfo?.freshnessStatus ?? ""];
  const policy = node.internalFreshnessPolicy;
  if (!shown || !policy) return null;
  const text =
    policy.__typename === "CronFreshnessPolicy"
      ? `Due at ${policy.deadlineCron} (${policy.timezone}), made at most ${formatDuration(policy.lowerBoundDeltaSeconds * 1000)} before`
      : `Overdue when older than ${formatDuration(policy.failWindowSeconds * 1000)}`;
  return (
    <Tooltip label={text}>
      <span style={{ display: "inline-flex" }}>
        <Badge tone={shown.tone}>{shown.label}</Badge>
      </span>
    </Tooltip>
  );
}
