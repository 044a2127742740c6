import { plainName } from "../resources/definitions.ts";
import type { InstigatorKind } from "./tick-storage.ts";
import type { LocationEntry } from "./workspace.ts";

/** Key of `held`: names that mean the same have the same. */
export const heldKey = (kind: InstigatorKind, name: string): string => `${kind}:${plainName(name)}`;

/** The object that says whether this schedule or sensor runs, as `Schedule <namespace>/<name>`; null: whoever switches it. */
export const heldBy = (
  entry: Pick<LocationEntry, "held"> | null,
  kind: InstigatorKind,
  name: string,
): string | null => entry?.held?.[heldKey(kind, name)] ?? null;
