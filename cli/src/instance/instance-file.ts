/** dagster.yaml: the settings of an instance in Dagster's own keys. What has no meaning here is refused, not ignored. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PoolsConfig, poolSettingsOf, type QueueLimits } from "@dagster-operator/engine";
import { z } from "zod";
import { readText } from "../input/file.ts";
import { SourceError } from "../input/source.ts";
import { check, readDocuments } from "../input/yaml.ts";

const limit = z.number().int().min(-1);
const TagLimit = z.strictObject({
  key: z.string().min(1),
  value: z.union([z.string(), z.strictObject({ applyLimitPerUniqueValue: z.boolean() })]).optional(),
  limit: z.number().int().nonnegative(),
});
const Queue = z.strictObject({
  max_concurrent_runs: limit.optional(),
  tag_concurrency_limits: z.array(TagLimit).optional(),
});

const InstanceFile = z.strictObject({
  run_queue: Queue.optional(),
  run_coordinator: z
    .strictObject({
      module: z.string().optional(),
      class: z.string().optional(),
      config: Queue.optional(),
    })
    .optional(),
  concurrency: z.strictObject({ runs: Queue.optional(), pools: PoolsConfig.optional() }).optional(),
  telemetry: z.strictObject({ enabled: z.boolean().optional() }).optional(),
});

/** Keys of Dagster that a person may bring along and what to do instead. */
const ELSEWHERE: Record<string, string> = {
  storage: "name the storage with --storage DIR|postgres://…",
  run_storage: "name the storage with --storage DIR|postgres://…",
  event_log_storage: "name the storage with --storage DIR|postgres://…",
  schedule_storage: "name the storage with --storage DIR|postgres://…",
  compute_logs: "logs are kept in the storage folder",
  local_artifact_storage: "values are kept in the storage folder",
  run_launcher: "a local system runs each run in a process of its own; pods come with the operator",
  scheduler: "the daemon is built in",
};

/** `maxConcurrentRuns`: default 10, as in Dagster. */
export type InstanceSettings = QueueLimits;

export const DEFAULT_SETTINGS: InstanceSettings = { maxConcurrentRuns: 10, tagLimits: [] };

/** Settings of `path`, or of `dagster.yaml` in the folder when that is there. @throws NotFound · SourceError */
export function readInstanceFile(path: string | undefined, folder: string): InstanceSettings {
  const file = path ?? join(folder, "dagster.yaml");
  if (path === undefined && !existsSync(file)) return DEFAULT_SETTINGS;
  const [document] = readDocuments(file, readText(file));
  if (!document) return DEFAULT_SETTINGS;
  const given =
    typeof document.value === "object" && document.value !== null ? Object.keys(document.value) : [];
  const foreign = given.filter((key) => key in ELSEWHERE);
  if (foreign.length > 0)
    throw new SourceError(
      foreign.map((key) =>
        document.issue([key], `"${key}" cannot be set for a local system: ${ELSEWHERE[key]}`, true),
      ),
    );
  const value = check(document, InstanceFile);
  const coordinator = value.run_coordinator?.class;
  if (coordinator !== undefined && coordinator !== "QueuedRunCoordinator")
    throw new SourceError([
      document.issue(
        ["run_coordinator", "class"],
        `${coordinator} is not available: runs always go through the queue (QueuedRunCoordinator)`,
      ),
    ]);
  const said = [
    [["run_queue"], value.run_queue],
    [["run_coordinator", "config"], value.run_coordinator?.config],
    [["concurrency", "runs"], value.concurrency?.runs],
  ] as const;
  const queues = said.filter(([, queue]) => queue !== undefined);
  if (queues.length > 1)
    throw new SourceError(
      queues
        .slice(1)
        .map(([at]) =>
          document.issue(at, "the run queue is set twice in this file; keep one of the two", true),
        ),
    );
  const queue = queues[0]?.[1];
  return {
    ...(value.concurrency?.pools ? { pools: poolSettingsOf(value.concurrency.pools) } : {}),
    maxConcurrentRuns: queue?.max_concurrent_runs ?? DEFAULT_SETTINGS.maxConcurrentRuns,
    tagLimits: (queue?.tag_concurrency_limits ?? []).map(({ key, value: wanted, limit }) => ({
      key,
      limit,
      ...(typeof wanted === "string"
        ? { value: wanted }
        : wanted?.applyLimitPerUniqueValue
          ? { perUniqueValue: true }
          : {}),
    })),
  };
}
