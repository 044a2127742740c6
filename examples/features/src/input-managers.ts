/** One input is loaded by an IO manager of its own, which knows from the asset's metadata where the value is. */
import { asset, assetIn, externalAsset, inputManager } from "@dagster-operator/sdk";

const deliveries = inputManager({
  description: "What another team puts on our shelf",
  create: () => ({ loadInput: ({ definitionMetadata }) => `3 boxes from ${definitionMetadata.shelf}` }),
});

export const boxes = externalAsset("shelf/boxes", { metadata: { shelf: "A7" } });
export const unpacked = asset(
  "shelf/unpacked",
  { inputs: { boxes: assetIn<string>(boxes, { ioManager: { deliveries } }) } },
  ({ inputs, log }) => {
    log.info(inputs.boxes);
    return inputs.boxes.length;
  },
);
