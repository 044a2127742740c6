/** Which config is laid over which, for the pod of a run and for that of a step. */
import { configOfTags } from "./container-context.ts";
import { type K8sConfig, mergeK8sConfig } from "./k8s-config.ts";

export interface RunLayers {
  /** Of the installation: `readContainerContext` of the run launcher's settings. */
  launcher: K8sConfig;
  /** Of the code location. */
  location: K8sConfig;
  /** Of the run; only the pod of the run takes them. */
  tags: Readonly<Record<string, string>>;
}

/** What is laid over the location is merged with it first, so a tag that says SHALLOW also replaces fields of the launcher. */
export function runK8sConfig({ launcher, location, tags }: RunLayers): K8sConfig {
  return mergeK8sConfig(launcher, mergeK8sConfig(location, configOfTags(tags)));
}

export interface StepLayers extends Omit<RunLayers, "tags"> {
  /** The k8s_job executor's settings. */
  executor: K8sConfig;
  opTags: Readonly<Record<string, string>>;
  /** `per_step_k8s_config` of this op. */
  perStep: K8sConfig;
}

export function stepK8sConfig({ launcher, location, executor, opTags, perStep }: StepLayers): K8sConfig {
  return [executor, configOfTags(opTags), perStep].reduce(mergeK8sConfig, mergeK8sConfig(launcher, location));
}
