import { ExtraDefinitions, extendWhatFits, extraHash } from "@dagster-operator/sdk/internal";
import { z } from "zod";
import type { LoadOutcome } from "./loader/load-definitions.ts";

/** In the body of any post: jobs and schedules that stand beside the code, and belong to it for this question. */
export const WithExtra = z.object({ extra: ExtraDefinitions.optional() });

/** A question names the whole of them, so servers keep no state; what was made for one is kept for the next. */
const KEPT = 4;

/** Loaded definitions with what a question adds to them. */
export class Extended {
  readonly #made = new Map<string, LoadOutcome & { kind: "loaded" }>();

  with(outcome: LoadOutcome & { kind: "loaded" }, extra: ExtraDefinitions): LoadOutcome & { kind: "loaded" } {
    const key = extraHash(extra);
    const known = this.#made.get(key);
    if (known) return known;
    const made = { ...outcome, ...extendWhatFits(outcome.definitions, extra) };
    this.#made.set(key, made);
    const oldest = this.#made.keys().next().value;
    if (this.#made.size > KEPT && oldest !== undefined) this.#made.delete(oldest);
    return made;
  }
}
