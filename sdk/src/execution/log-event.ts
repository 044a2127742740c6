import { type AssetKeyLike, assetKey, keyText } from "../asset/asset-key.ts";
import { toMetadata } from "../metadata/metadata-value.ts";
import type { LoggedEvent } from "./context.ts";
import type { EmitEvent } from "./step-protocol.ts";

/** `logEvent` of a step, for its function and for the IO manager that stores for it. */
export function eventLogger(at: { stepKey: string; emit: EmitEvent; now: () => number }) {
  return (event: LoggedEvent): void => {
    const base = { ts: at.now(), level: "INFO" as const, stepKey: at.stepKey };
    const metadata = toMetadata(event.metadata ?? {});
    if (event.type === "engine") {
      at.emit({ type: "ENGINE_EVENT", ...base, message: event.message, metadata });
      return;
    }
    const asset = assetKey(event.asset as AssetKeyLike);
    const { partition, description, dataVersion } = event;
    at.emit({
      type: event.type === "materialization" ? "ASSET_MATERIALIZATION" : "ASSET_OBSERVATION",
      ...base,
      message: `${event.type === "materialization" ? "Materialized" : "Observed"} asset ${keyText(asset)}.`,
      asset,
      metadata,
      ...(partition === undefined ? {} : { partition }),
      ...(description === undefined ? {} : { description }),
      ...(dataVersion === undefined ? {} : { dataVersion }),
    });
  };
}
