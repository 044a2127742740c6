/** A config of one's own for a graph or a job, turned into that of what is inside. */
import type { z } from "zod";

export interface ConfigMapping {
  schema: z.ZodType;
  map: (config: never) => unknown;
}

/** For `graph`, `graphAsset` and `job`; both or none. */
export interface MappedConfig<C extends z.ZodType | undefined, To> {
  /** Schema of what is given from outside. */
  config?: C;
  /** Config of what is inside, made of that; it is checked as if it had been given. */
  mapConfig?: (config: C extends z.ZodType ? z.output<C> : never) => To;
}

/** Config under `ops`: `{ add: { config: { n: 1 } }, inner: { ops: { … } } }`. */
export type OpsConfig = Readonly<Record<string, unknown>>;

/** @throws TypeError when one is given without the other */
export function configMapping(
  what: string,
  { config, mapConfig }: MappedConfig<z.ZodType | undefined, unknown>,
): ConfigMapping | undefined {
  if (config === undefined && mapConfig === undefined) return undefined;
  if (config !== undefined && mapConfig !== undefined) return { schema: config, map: mapConfig as never };
  throw new TypeError(
    config === undefined
      ? `${what} has mapConfig and no config: give the schema of what it maps`
      : `${what} has a config and no mapConfig: say what config its ops get from it`,
  );
}
