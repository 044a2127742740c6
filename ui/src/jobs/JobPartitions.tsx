import { Checkbox, Tooltip } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { WriteButton } from "../access/WriteButton.tsx";
import { segments } from "../assets/partition-status.ts";
import { BackfillList } from "../backfills/BackfillList.tsx";
import { Empty, Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { Panel } from "../design/Page.tsx";
import { runLabel, runTone } from "../design/Status.tsx";
import { JobPartitionSet, type RepositorySelector } from "../graphql/generated/operations.ts";
import { LIVE, useGraphQL } from "../graphql/hooks.ts";
import type { Refusal } from "../launch/launch.ts";
import { launchBackfill } from "../launch/launch-backfill.ts";
import { PartitionPicker } from "../launch/PartitionPicker.tsx";
import { Refusals } from "../launch/Refusals.tsx";

/** The newest run of each partition of a job, and its backfills. */
export function JobPartitions({ job, repository }: { job: string; repository: RepositorySelector }) {
  const navigate = useNavigate();
  const name = `${job}_partition_set`;
  const query = useGraphQL(JobPartitionSet, { repository, name }, { every: LIVE });
  const found = query.data?.partitionSetOrError;
  const set = found?.__typename === "PartitionSet" && found.name === name ? found : null;
  const statuses = set?.partitionStatusesOrError;
  const results = useMemo(
    () => (statuses?.__typename === "PartitionStatuses" ? statuses.results : []),
    [statuses],
  );
  const keys = useMemo(() => results.map(({ partitionName }) => partitionName), [results]);
  const [chosen, setChosen] = useState<string[]>([]);
  const [onlyMissing, setOnlyMissing] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refusal[]>([]);
  if (query.error && !query.data) return <QueryProblem error={query.error} retry={query.refetch} />;
  if (found && found.__typename !== "PartitionSet")
    return (
      <div className="panel">
        <Empty title="This job has no partitions">
          Give it <code>partitions</code>, or partitioned assets.
        </Empty>
      </div>
    );
  if (!set) return <SkeletonRows rows={5} />;
  if (statuses?.__typename === "PythonError") return <Problem title={statuses.message} />;
  const launch = async () => {
    setBusy(true);
    const answer = await launchBackfill({ job, repository }, chosen, { onlyMissing });
    setBusy(false);
    setRefused(answer.refused);
    if (answer.backfillId)
      await navigate({ to: "/backfills/$backfillId", params: { backfillId: answer.backfillId } });
  };
  const states = results.map(({ partitionName, runStatus }) => ({ key: partitionName, state: runStatus }));
  return (
    <div className="stack">
      <Panel title="Partitions" count={keys.length.toLocaleString()} padded>
        <div className="partition-bar" role="img" aria-label={`Newest run of ${keys.length} partitions`}>
          {segments(states).map((s) => (
            <Tooltip
              key={s.first}
              label={`${s.state ? runLabel(s.state) : "Never run"}: ${s.first}${s.count > 1 ? ` to ${s.last} (${s.count})` : ""}`}
            >
              <span
                className={`tone-${s.state ? runTone(s.state) : "none"}`}
                style={{ flex: s.count, background: s.state ? "var(--tone)" : "transparent" }}
              />
            </Tooltip>
          ))}
        </div>
        <div className="row between faint" style={{ fontSize: 12, marginTop: 4 }}>
          <span>{keys[0]}</span>
          <span>{keys.at(-1)}</span>
        </div>
        <div className="stack" style={{ marginTop: 14 }}>
          <PartitionPicker keys={keys} onChange={setChosen} start="range" />
          <Checkbox
            label="Only what never ran or failed"
            checked={onlyMissing}
            onChange={(event) => setOnlyMissing(event.currentTarget.checked)}
          />
          <Refusals refused={refused} />
          <div>
            <WriteButton loading={busy} disabled={chosen.length === 0} onClick={() => void launch()}>
              Launch backfill
            </WriteButton>
          </div>
        </div>
      </Panel>
      <Panel title="Backfills" count={set.backfills.length}>
        {set.backfills.length > 0 ? (
          <BackfillList backfills={set.backfills} />
        ) : (
          <Empty title="No backfill of this job yet">Choose partitions above.</Empty>
        )}
      </Panel>
    </div>
  );
}
