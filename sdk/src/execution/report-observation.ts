/** What a step saw of an asset that it does not make. */

import { keyText } from "../asset/asset-key.ts";
import type { Observation } from "../asset/observable-asset.ts";
import { toMetadata } from "../metadata/metadata-value.ts";
import type { Step } from "./plan.ts";
import type { StepScope } from "./step-scope.ts";
import type { UserContext } from "./user-context.ts";

/** @throws TypeError when what was returned is no observation */
export function reportObservation(
  scope: StepScope,
  user: UserContext,
  output: Step["outputs"][number],
  returned: unknown,
): void {
  const { keys, range } = scope.partitions;
  const [key] = keys;
  if (!range) {
    const one =
      key !== undefined && typeof returned === "object" && returned !== null && key in returned
        ? (returned as Record<string, unknown>)[key]
        : returned;
    report(scope, user, output, one, key);
    return;
  }
  if (typeof returned !== "object" || returned === null)
    throw new TypeError(
      `step ${scope.request.stepKey} runs over ${keys.length} partitions, so it must return an object with an observation for each partition key`,
    );
  for (const [partition, one] of Object.entries(returned)) {
    if (!keys.includes(partition))
      throw new TypeError(
        `step ${scope.request.stepKey} observed partition ${partition}, which the run does not name`,
      );
    report(scope, user, output, one, partition);
  }
}

function report(
  scope: StepScope,
  user: UserContext,
  { name, asset }: Step["outputs"][number],
  returned: unknown,
  partition: string | undefined,
): void {
  const { stepKey } = scope.request;
  if (asset === undefined) return;
  const seen = typeof returned === "string" ? { dataVersion: returned } : (returned ?? {});
  if (typeof seen !== "object" || ("dataVersion" in seen && typeof seen.dataVersion !== "string"))
    throw new TypeError(
      `observable asset ${keyText(asset)} must return its data version as a string, or { dataVersion, metadata }; it returned a ${typeof returned}`,
    );
  const {
    dataVersion = user.versionFor(name, partition),
    metadata = {},
    description,
  } = seen as Exclude<Observation, string>;
  scope.emit({
    type: "ASSET_OBSERVATION",
    ts: scope.now(),
    level: "DEBUG",
    message: `Observed asset ${keyText(asset)}${partition === undefined ? "" : ` (partition ${partition})`}.`,
    stepKey,
    asset,
    ...(partition === undefined ? {} : { partition }),
    ...(description === undefined ? {} : { description }),
    metadata: { ...toMetadata(metadata), ...user.metadataFor(name, partition) },
    ...(dataVersion === undefined ? {} : { dataVersion }),
  });
}
