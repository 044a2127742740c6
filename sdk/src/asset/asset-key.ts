import type { AssetKey } from "../model/definitions.ts";

/** `"orders"`, `"raw/orders"` or `["raw", "orders"]`. */
export type AssetKeyLike = string | readonly string[];

/** The path form of a key; `prefix` goes in front. */
export function assetKey(key: AssetKeyLike, prefix: AssetKeyLike = []): AssetKey {
  const path = (part: AssetKeyLike) => (typeof part === "string" ? part.split("/") : [...part]);
  const full = [...path(prefix), ...path(key)];
  if (full.length === 0 || full.some((part) => part === "")) {
    throw new TypeError(
      `${JSON.stringify(key)} is not an asset key: give a name, a/path, or an array of names, none of them empty`,
    );
  }
  return full;
}

/** The form for people and for maps: `raw/orders`. */
export const keyText = (key: readonly string[]) => key.join("/");

/** The op that computes an asset is called like it, with `__` for `/`. */
export const nodeName = (key: readonly string[]) => key.join("__");
