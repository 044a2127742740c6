import { IconEraser } from "@tabler/icons-react";
import { send } from "../graphql/client.ts";
import { WipeAsset as Operation } from "../graphql/generated/operations.ts";
import { queryClient } from "../graphql/hooks.ts";
import { Confirm } from "../runs/Confirm.tsx";

/** Forgets what happened to an asset, or to one partition of it. */
export function WipeAsset({ path, partition }: { path: readonly string[]; partition: string | undefined }) {
  const what = partition === undefined ? path.join("/") : `partition ${partition} of ${path.join("/")}`;
  const wipe = async () => {
    const partitions =
      partition === undefined ? {} : { partitions: { range: { start: partition, end: partition } } };
    const { wipeAssets: answer } = await send(Operation, {
      assets: [{ assetKey: { path: [...path] }, ...partitions }],
    });
    if (answer.__typename !== "AssetWipeSuccess") throw new Error(answer.message);
    await queryClient.invalidateQueries();
  };
  return (
    <Confirm
      label="Wipe"
      icon={<IconEraser size={14} />}
      color="red"
      question={`Wipe ${what}?`}
      detail="Its materializations, observations and check results are forgotten, and it counts as never materialized. What was stored stays where it is, and so do its runs."
      onConfirm={wipe}
    />
  );
}
