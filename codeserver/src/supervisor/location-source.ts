import type { LocationEntry } from "@dagster-operator/engine";
import { z } from "zod";

const target = { attribute: z.string().min(1).optional() };
const process = {
  name: z.string().min(1),
  /** Working folder of the code server; relative files and modules are looked up from here. */
  workingDirectory: z.string().min(1),
  /** Added to the environment of this process. */
  env: z.record(z.string(), z.string()).optional(),
};

/** One code location: code to be served by a process of ours, or a code server that runs already. */
export const LocationSource = z.union([
  z.strictObject({ ...process, ...target, file: z.string().min(1) }),
  z.strictObject({ ...process, ...target, module: z.string().min(1) }),
  z.strictObject({
    name: z.string().min(1),
    host: z.string().min(1),
    port: z.number().int().min(1).max(65535),
  }),
]);
export type LocationSource = z.infer<typeof LocationSource>;
export type ProcessSource = Exclude<LocationSource, { host: string }>;

/** What a person would recognise it by, as `LocationEntry.source`. */
export function describeSource(source: LocationSource): Record<string, string> {
  if ("host" in source) return { host: source.host, port: String(source.port) };
  const { workingDirectory, attribute } = source;
  const code = "file" in source ? { file: source.file } : { module: source.module };
  return { ...code, ...(attribute === undefined ? {} : { attribute }), workingDirectory };
}

/** It as an entry of the workspace, before it has answered for the first time. */
export const loadingEntry = (source: LocationSource): LocationEntry => ({
  name: source.name,
  state: "LOADING",
  snapshot: null,
  error: null,
  updatedAt: Date.now(),
  source: describeSource(source),
  codeVersion: null,
  code: null,
});
