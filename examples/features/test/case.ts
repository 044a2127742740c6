/** A run of a feature, and what must be true of it wherever its steps run. */
import type { RunEvent, RunEventType } from "@dagster-operator/sdk/internal";

export interface Case {
  /** What a person would say that it shows. */
  title: string;
  /** Name of a job of `definitions.ts`; default: the assets of `assets`. */
  job?: string;
  /** Selection of assets to materialize. */
  assets?: string;
  partition?: string;
  runConfig?: Record<string, unknown>;
  tags?: Record<string, string>;
  /** How the run must end; default SUCCESS. */
  status?: "SUCCESS" | "FAILURE";
  /** Jest's `expect` on what happened. */
  look(ran: Ran): void;
}

/** The events of a run, asked in the words of a test. */
export class Ran {
  readonly events: readonly RunEvent[];
  constructor(events: readonly RunEvent[]) {
    this.events = events;
  }
  of<T extends RunEventType>(type: T): Extract<RunEvent, { type: T }>[] {
    return this.events.filter((event) => event.type === type) as Extract<RunEvent, { type: T }>[];
  }
  /** Keys of the steps that have an event of this type, in the order of their names. */
  steps(type: RunEventType): string[] {
    return this.of(type)
      .map(({ stepKey }) => stepKey ?? "")
      .sort();
  }
  /** Paths of the assets that were materialized, in the order of their names. */
  get materialized(): string[] {
    return this.of("ASSET_MATERIALIZATION")
      .map(({ asset }) => asset.join("/"))
      .sort();
  }
  /** Lines of `log`. */
  get said(): string[] {
    return this.of("LOG_MESSAGE").map(({ message }) => message);
  }
}
