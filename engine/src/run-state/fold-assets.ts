import type { RunEvent } from "@dagster-operator/sdk/internal";
import type { PartitionStatus } from "../ports/asset-storage.ts";

/** What a batch says about one asset, or one partition of it. Upsert the asset's row, and the partition's if there is one. */
export interface AssetChange {
  asset: string[];
  partition: string | null;
  /** This run planned it: it is the asset's `lastRunId`, and the run belongs to the asset's runs. */
  planned: boolean;
  /** Id of the newest materialization here; keep the greater of it and what is stored. */
  materialization: number | null;
  observation: number | null;
  /** Status to set; null = as it is. */
  status: Exclude<PartitionStatus, "FAILED"> | null;
}

export interface CheckChange {
  asset: string[];
  check: string;
  partition: string | null;
  /** Id of the newest evaluation. */
  evaluation: number;
  passed: boolean;
  severity: "WARN" | "ERROR";
}

/** Collects asset changes of one batch, one row per (asset, partition). */
export class AssetChanges {
  readonly #rows = new Map<string, AssetChange>();
  readonly #checks = new Map<string, CheckChange>();

  plan(asset: string[], partition: string | undefined, runIsOpen: boolean): void {
    const row = this.#row(asset, partition);
    row.planned = true;
    if (runIsOpen) row.status = "IN_PROGRESS";
  }

  materialize(asset: string[], partition: string | undefined, id: number): void {
    const row = this.#row(asset, partition);
    row.materialization = id;
    row.status = "MATERIALIZED";
  }

  observe(asset: string[], partition: string | undefined, id: number): void {
    this.#row(asset, partition).observation = id;
  }

  check(event: Extract<RunEvent, { type: "ASSET_CHECK_EVALUATION" }>, id: number): void {
    const partition = event.partition ?? null;
    this.#checks.set(JSON.stringify([event.asset, event.check, partition]), {
      asset: event.asset,
      check: event.check,
      partition,
      evaluation: id,
      passed: event.passed,
      severity: event.severity,
    });
  }

  rows(): AssetChange[] {
    return [...this.#rows.values()];
  }

  checkRows(): CheckChange[] {
    return [...this.#checks.values()];
  }

  #row(asset: string[], partition: string | undefined): AssetChange {
    const key = JSON.stringify([asset, partition ?? null]);
    let row = this.#rows.get(key);
    if (!row) {
      row = {
        asset,
        partition: partition ?? null,
        planned: false,
        materialization: null,
        observation: null,
        status: null,
      };
      this.#rows.set(key, row);
    }
    return row;
  }
}
