/** What one node of a condition is asked about, and what an asset's conditions remember from one evaluation to the next. */
import type { ConditionDef } from "@dagster-operator/sdk/internal";
import { conditionId } from "./condition.ts";
import type { AssetCursor } from "./state.ts";
import type { Subset, Universe } from "./subset.ts";

/** When in it something happened (ms) → where. */
export type Timing = Map<number, Subset>;

export interface Scope {
  /** Entity that the condition is asked of now. */
  key: string;
  candidates: Subset;
}

/** The evaluation of one entity's condition. */
export class RootState {
  /** The entity whose condition it is. */
  readonly key: string;
  readonly before: AssetCursor | undefined;
  /** What its nodes remember for the next evaluation. */
  readonly nodes: AssetCursor["nodes"] = {};

  constructor(key: string, before: AssetCursor | undefined) {
    this.key = key;
    this.before = before;
  }

  nodeId(def: ConditionDef, { key }: Scope): string {
    return `${key === this.key ? "" : `${key} `}${conditionId(def)}`;
  }

  subset(id: string, universe: Universe): Subset {
    const stored = this.before?.nodes[id];
    if (stored === undefined || (typeof stored === "object" && "text" in stored)) return universe.empty();
    return universe.restore(stored);
  }

  /** Undefined where nothing was remembered; a remembered text may be null. */
  text(id: string): string | null | undefined {
    const stored = this.before?.nodes[id];
    return typeof stored === "object" && "text" in stored ? stored.text : undefined;
  }
}
