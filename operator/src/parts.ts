import { codeLocationPart } from "./code-location/part.ts";
import type { MakePart } from "./compose.ts";
import type { Flags } from "./flags.ts";

/** What the operator does, one entry a kind or concern. */
export function parts(_flags: Flags): MakePart[] {
  return [codeLocationPart()];
}
