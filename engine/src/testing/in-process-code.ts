import {
  type Definitions,
  type DefinitionsSnapshot,
  type ErrorInfo,
  evaluateSchedule,
  evaluateSensor,
  internalsOf,
  mapPartitions,
  validateRunConfig,
} from "@dagster-operator/sdk/internal";
import { NotFound, Unavailable } from "../errors.ts";
import { type CodeLocation, LoadError, UserCodeError } from "../ports/code-location.ts";

/**
 * A code location in this very process, for tests of what asks one. Passes `codeLocationContract`.
 * An `Error` stands for a module that threw it at import, null for a location that nobody serves.
 */
export function inProcessCode(definitions: Definitions | Error | null): CodeLocation {
  const loaded = (): Definitions => {
    if (definitions === null) throw new Unavailable("nobody serves this code location");
    if (definitions instanceof Error) throw new LoadError(definitions.message, infoOf(definitions));
    return definitions;
  };
  const known = (kind: "schedules" | "sensors" | "jobs", name: string): Definitions => {
    const all: { name: string }[] = snapshotOf(loaded())[kind];
    if (!all.some((each) => each.name === name)) throw new NotFound(kind.slice(0, -1), name);
    return loaded();
  };
  return {
    definitions: async () => snapshotOf(loaded()),
    evaluateSchedule: async (name, { scheduledTime, timeoutMs }) => {
      const found = known("schedules", name);
      return asUserCode(`schedule ${name}`, (logs) =>
        evaluateSchedule(found, name, { scheduledTime, logs, signal: AbortSignal.timeout(timeoutMs) }),
      );
    },
    evaluateSensor: async (name, { timeoutMs, ...at }) => {
      const found = known("sensors", name);
      return asUserCode(`sensor ${name}`, (logs) =>
        evaluateSensor(found, name, { ...at, logs, signal: AbortSignal.timeout(timeoutMs) }),
      );
    },
    validateRunConfig: async (job, runConfig) => validateRunConfig(known("jobs", job), job, runConfig),
    mapPartitions: async (asset, asked) => {
      const found = loaded();
      if (!snapshotOf(found).assets.some(({ key }) => key.join("/") === asset))
        throw new NotFound("asset", asset);
      return asUserCode(`asset ${asset}`, async () => mapPartitions(found, asset, asked));
    },
  };
}

export function snapshotOf(definitions: Definitions): DefinitionsSnapshot {
  return internalsOf(definitions).snapshot;
}

async function asUserCode<T>(what: string, ask: (logs: string[]) => Promise<T>): Promise<T> {
  const logs: string[] = [];
  try {
    return await ask(logs);
  } catch (error) {
    const info = error instanceof Error ? infoOf(error) : { name: "Error", message: String(error) };
    throw new UserCodeError(`${what}: ${info.message}`, info, logs);
  }
}

function infoOf({ name, message, stack }: Error): ErrorInfo {
  return { name, message, stack };
}
