import { Button, Checkbox, Modal } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueries } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";
import { AssetLink } from "../assets/AssetLink.tsx";
import type { AssetEntry } from "../assets/asset-graph.ts";
import { Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { send } from "../graphql/client.ts";
import { LaunchPartitions, LaunchRun, LaunchRuns } from "../graphql/generated/operations.ts";
import { keyOf, queryClient } from "../graphql/hooks.ts";
import { executionParams, type Launched, readAnswers, readMultiple, targetsOf } from "./launch.ts";
import { launchBackfill } from "./launch-backfill.ts";
import { PartitionPicker } from "./PartitionPicker.tsx";
import { commonKeys, rootsOf } from "./partitions.ts";
import { Refusals } from "./Refusals.tsx";
import { type Tag, TagsEditor } from "./TagsEditor.tsx";

const ConfigEditor = lazy(() => import("../config-editor/ConfigEditor.tsx"));
const NONE: never[] = [];

export function MaterializeDialog({
  assets,
  verb,
  onClose,
}: {
  assets: readonly AssetEntry[];
  /** What the run does to them. */
  verb: string;
  onClose: () => void;
}) {
  const navigate = useNavigate();
  const targets = useMemo(() => targetsOf(assets), [assets]);
  const list = targets.flatMap((t) => t.assets);
  const partitioned = list.filter((asset) => asset.partitioned);
  // Assets of one definition share their keys; asking for a few tells whether all agree.
  const asked = partitioned.slice(0, 12);
  const partitions = useQueries({
    queries: asked.map((asset) => ({
      queryKey: keyOf(LaunchPartitions, { key: { path: asset.path } }),
      queryFn: () => send(LaunchPartitions, { key: { path: [...asset.path] } }),
    })),
  });
  const answered = partitions.every((p) => p.data);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the answers arrive once
  const { keys, mixed } = useMemo(() => {
    const lists = partitions.map((p) =>
      p.data?.assetNodeOrError.__typename === "AssetNode" ? p.data.assetNodeOrError.partitionKeys : NONE,
    );
    const roots = rootsOf(asked);
    return {
      // What is downstream of them has the partitions that depend on these.
      keys: commonKeys(lists.filter((_, index) => roots.has(asked[index]?.id ?? ""))),
      mixed: lists.some((list) => list.length !== lists[0]?.length || list[0] !== lists[0]?.[0]),
    };
  }, [answered]);
  const [chosen, setChosen] = useState<string[]>(NONE);
  const [config, setConfig] = useState("");
  const [showConfig, setShowConfig] = useState(false);
  const [tags, setTags] = useState<Tag[]>([]);
  const [onlyMissing, setOnlyMissing] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Launched["refused"]>(NONE);
  const [failed, setFailed] = useState<Error | null>(null);
  const failedQuery = partitions.find((p) => p.error)?.error;
  const runs = partitioned.length > 0 && chosen.length === 0 ? 0 : targets.length;
  // One run takes one partition; several, or assets of different partitions, are a backfill.
  const asBackfill = partitioned.length > 0 && (chosen.length > 1 || mixed);

  const backfill = async () => {
    const answer = await launchBackfill({ assets: list.map((asset) => asset.path) }, chosen, {
      onlyMissing,
      config,
      tags,
    });
    setRefused(answer.refused);
    if (!answer.backfillId) return;
    onClose();
    await navigate({ to: "/backfills/$backfillId", params: { backfillId: answer.backfillId } });
  };

  const launch = async () => {
    setBusy(true);
    setRefused(NONE);
    setFailed(null);
    try {
      if (asBackfill) return await backfill();
      const list = targets.flatMap(({ target }) =>
        partitioned.length > 0
          ? chosen.map((partition) => executionParams(target, { config, tags, partition }))
          : [executionParams(target, { config, tags })],
      );
      const [only] = list;
      const launched =
        list.length === 1 && only
          ? readAnswers([(await send(LaunchRun, { params: only })).launchPipelineExecution])
          : readMultiple((await send(LaunchRuns, { paramsList: list })).launchMultipleRuns);
      for (const name of ["Runs", "AssetsLatest", "Timeline"])
        void queryClient.invalidateQueries({ queryKey: [name] });
      setRefused(launched.refused);
      if (launched.refused.length > 0) return;
      onClose();
      const [first] = launched.runIds;
      if (launched.runIds.length === 1 && first)
        await navigate({ to: "/runs/$runId", params: { runId: first } });
      else {
        notifications.show({
          title: `${launched.runIds.length} runs launched`,
          message: "They start as the queue has room.",
        });
        await navigate({ to: "/runs" });
      }
    } catch (error) {
      setFailed(error instanceof Error ? error : new Error(String(error)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={
        <strong>
          {verb} {list.length === 1 ? list[0]?.id : `${list.length.toLocaleString()} assets`}
        </strong>
      }
      size="lg"
    >
      <div className="stack">
        {list.length > 1 ? (
          <div className="launch-assets">
            {list.slice(0, 60).map((asset) => (
              <span key={asset.id} className="chip">
                <AssetLink path={asset.path} />
              </span>
            ))}
            {list.length > 60 ? (
              <span className="faint">and {(list.length - 60).toLocaleString()} more</span>
            ) : null}
          </div>
        ) : null}
        {targets.length > 1 ? (
          <Problem
            tone="warn"
            title={`These assets are in ${targets.length} code locations`}
            next="A run belongs to one code location, so one run is started for each."
          />
        ) : null}
        {partitioned.length > 0 && partitioned.length < list.length ? (
          <p className="faint" style={{ margin: 0 }}>
            {partitioned.length} of {list.length} are partitioned; the others are made whole.
          </p>
        ) : null}
        {partitioned.length > 0 ? (
          failedQuery ? (
            <QueryProblem error={failedQuery} />
          ) : answered && keys.length === 0 && mixed ? (
            <Problem
              tone="warn"
              title="These assets have no partition in common"
              next="Choose assets of the same partitions, for instance one group, or only those without."
            />
          ) : answered ? (
            <PartitionPicker keys={keys} onChange={setChosen} />
          ) : (
            <SkeletonRows rows={1} />
          )
        ) : null}
        {asBackfill ? (
          <Checkbox
            label="Only what is missing or failed"
            checked={onlyMissing}
            onChange={(event) => setOnlyMissing(event.currentTarget.checked)}
          />
        ) : null}
        <TagsEditor tags={tags} onChange={setTags} />
        {showConfig ? (
          <div>
            <div className="launch-legend">Run config (YAML)</div>
            <Suspense fallback={<div className="skeleton" style={{ height: 140 }} />}>
              <ConfigEditor value={config} onChange={setConfig} schema={null} height={160} />
            </Suspense>
          </div>
        ) : (
          <div>
            <button type="button" className="link-button" onClick={() => setShowConfig(true)}>
              Add run config
            </button>
          </div>
        )}
        <Refusals refused={refused} />
        {failed ? <QueryProblem error={failed} /> : null}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button data-autofocus loading={busy} disabled={runs === 0} onClick={() => void launch()}>
            {asBackfill
              ? `Launch backfill of ${chosen.length.toLocaleString("en")} partition${chosen.length === 1 ? "" : "s"}`
              : runs > 1
                ? `Launch ${runs} runs`
                : "Launch run"}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
