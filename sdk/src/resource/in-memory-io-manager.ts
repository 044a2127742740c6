import {
  addressText,
  type IoManagerDefinition,
  ioManager,
  type ValueAddress,
  ValueNotStored,
  whenNotStored,
} from "./io-manager.ts";

const place = ({ assetKey, partitionKey, runId, stepKey, outputName, mappingKey }: ValueAddress) =>
  JSON.stringify(
    assetKey === undefined ? [runId, stepKey, outputName, mappingKey] : [assetKey, partitionKey],
  );

/** Keeps values in this process as they are, without a copy: for unit tests. Runs that are given the same one share it. */
export function inMemory(): IoManagerDefinition {
  const values = new Map<string, unknown>();
  return ioManager({
    type: "memory",
    description: "Keeps values in memory",
    create: () => ({
      handleOutput(context, value) {
        values.set(place(context), value);
      },
      loadInput(context) {
        const key = place(context);
        if (!values.has(key))
          throw new ValueNotStored(`${addressText(context)} is not in memory; ${whenNotStored(context)}`);
        return values.get(key);
      },
    }),
  });
}
