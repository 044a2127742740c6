export { codeLocationPart } from "./code-location/part.ts";
export {
  compose,
  type MakePart,
  type Operator,
  type OperatorOptions,
  type Part,
  type PartContext,
} from "./compose.ts";
export { type Flags, readFlags } from "./flags.ts";
export { KubeClient, KubeError } from "./kube/client.ts";
export { type KubeConfig, loadConfig } from "./kube/config.ts";
export { OperatorMetrics } from "./metrics.ts";
