import { refresh } from "../backfills/actions.ts";
import { send } from "../graphql/client.ts";
import {
  LaunchBackfill,
  type LaunchBackfillParams,
  type RepositorySelector,
} from "../graphql/generated/operations.ts";
import { type Refusal, refusalOf } from "./launch.ts";

/** Requests a backfill of these neighbouring keys, in their order; its id, or why not. */
export async function launchBackfill(
  of:
    | { readonly assets: readonly (readonly string[])[] }
    | { readonly job: string; readonly repository: RepositorySelector },
  keys: readonly string[],
  options: {
    readonly onlyMissing?: boolean;
    readonly config?: string;
    readonly tags?: LaunchBackfillParams["tags"];
  },
): Promise<{ backfillId: string | null; refused: Refusal[] }> {
  const params: LaunchBackfillParams = {
    ...("assets" in of
      ? { assetSelection: of.assets.map((path) => ({ path })) }
      : {
          selector: { partitionSetName: `${of.job}_partition_set`, repositorySelector: of.repository },
        }),
    partitionRange: { start: keys[0] ?? "", end: keys.at(-1) ?? "" },
    onlyMissingAndFailed: options.onlyMissing ?? false,
    ...(options.config?.trim() ? { runConfigData: options.config } : {}),
    tags: options.tags ?? [],
  };
  try {
    const { launchPartitionBackfill: answer } = await send(LaunchBackfill, { params });
    refresh();
    if (answer.__typename === "LaunchBackfillSuccess") return { backfillId: answer.backfillId, refused: [] };
    return { backfillId: null, refused: [refusalOf(answer)] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { backfillId: null, refused: [{ message, error: null, config: [] }] };
  }
}
