/** What a step runs, as the rest of the package sees it; users write `op`, `asset`, `graph`. */
import type { z } from "zod";
import type { AssetDefinition, AssetDep } from "../asset/asset.ts";
import type { InputSource, RetryPolicy } from "../model/definitions.ts";
import type { ResourceMap } from "../resource/resource.ts";
import type { ConfigMapping } from "./config-mapping.ts";
import type { HookDefinition } from "./hook.ts";

/** Name of an IO manager among the resources, or `{ name: definition }`. */
export type IoManagerRef = string | ResourceMap;

export interface InputSpec {
  name: string;
  description: string | undefined;
  nothing: boolean;
  /** Checks a loaded value, where the user gave a schema. */
  schema: z.ZodType | undefined;
  /** Run config gives it where a call does not connect it; `schema` is its own. */
  fromRun?: boolean;
  /** Loaded when a call leaves the input out. */
  asset: AssetDefinition | undefined;
  /** How that asset is read, where the user said so with `assetIn`. */
  edge: AssetDep | undefined;
  /** Loads the value in the place of the IO manager that stored it. */
  ioManager: IoManagerRef | undefined;
}
export interface OutputSpec {
  name: string;
  description: string | undefined;
  dynamic: boolean;
  required: boolean;
  ioManager: IoManagerRef | undefined;
  schema: z.ZodType | undefined;
}

export interface OpNode {
  type: "op";
  name: string;
  description: string | undefined;
  inputs: InputSpec[];
  outputs: OutputSpec[];
  /** `single`: the function returns the value of the one output; `record`: an object with one property an output. */
  returns: "single" | "record";
  config: z.ZodType | undefined;
  resources: ResourceMap;
  retryPolicy: RetryPolicy | undefined;
  tags: Record<string, string>;
  pool: string | undefined;
  hooks: readonly HookDefinition[];
  compute: (context: never) => unknown;
  source: string | undefined;
}

export interface GraphNode {
  type: "graph";
  name: string;
  description: string | undefined;
  inputs: InputSpec[];
  outputs: { name: string; node: string; output: string }[];
  nodes: {
    name: string;
    def: AnyNode;
    inputs: Record<string, InputSource>;
    mapOver: { node: string; output: string } | undefined;
    tags: Record<string, string> | undefined;
    hooks: readonly HookDefinition[];
  }[];
  /** Its own config in the place of that of its nodes. */
  mapping: ConfigMapping | undefined;
  /** Assets that its nodes read. */
  assets: AssetDefinition[];
  source: string | undefined;
}
export type AnyNode = OpNode | GraphNode;

export interface RetryPolicyOptions {
  /** Tries after the first one. */
  maxRetries: number;
  /** Seconds before the first retry; default 0. */
  delay?: number;
  /** How the delay grows: n times, or 2ⁿ − 1 times for the n-th retry; default `constant`. */
  backoff?: RetryPolicy["backoff"];
  /** Chance in the delay, so that many steps do not retry together; default `none`. */
  jitter?: RetryPolicy["jitter"];
}

/** The policy with its defaults; throws a RangeError for a count or delay that cannot be. */
export function retryPolicy(options: RetryPolicyOptions): RetryPolicy {
  const { maxRetries, delay = 0, backoff = "constant", jitter = "none" } = options;
  if (!Number.isInteger(maxRetries) || maxRetries < 0)
    throw new RangeError(`retryPolicy.maxRetries is ${maxRetries}: it must be 0, 1, 2, …`);
  if (!(delay >= 0)) throw new RangeError(`retryPolicy.delay is ${delay}: it must be seconds, 0 or more`);
  return { maxRetries, delay, backoff, jitter };
}
