import type { DefinitionsSnapshot } from "./model/definitions.ts";

/** Everything that one code location holds. One per location. */
export declare class Definitions {
  snapshot(): DefinitionsSnapshot;
}
