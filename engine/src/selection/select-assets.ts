import {
  type AssetKey,
  type DefinitionsSnapshot,
  resolveSelection,
  SelectionError,
  type SelectionOptions,
} from "@dagster-operator/sdk/internal";
import { InvalidInput } from "../errors.ts";

/**
 * Assets of a snapshot by selection syntax, in the snapshot's order. Throws InvalidInput whose message shows the place in
 * the text with a caret, for wrong syntax and for a whole key that does not exist.
 */
export function selectAssets(
  snapshot: DefinitionsSnapshot,
  selection: string | readonly string[],
  options: SelectionOptions = {},
): AssetKey[] {
  try {
    return resolveSelection(snapshot.assets, selection, options);
  } catch (error) {
    if (error instanceof SelectionError)
      throw new InvalidInput(error.message, [{ path: "selection", message: error.message }]);
    throw error;
  }
}
