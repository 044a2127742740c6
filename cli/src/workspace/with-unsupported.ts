/** Adds the locations that this version cannot run to a workspace, as entries in error that say why. */
import type { LocationEntry, Workspace } from "@dagster-operator/engine";
import type { UnsupportedLocation } from "./location.ts";

export function withUnsupported(
  workspace: Workspace,
  unsupported: UnsupportedLocation[],
  now: number,
): Workspace {
  if (unsupported.length === 0) return workspace;
  const entries = new Map(
    unsupported.map(({ name, source, message }): [string, LocationEntry] => [
      name,
      {
        name,
        state: "ERROR",
        snapshot: null,
        error: { name: "UnsupportedLocation", message },
        updatedAt: now,
        source,
        codeVersion: null,
        code: null,
      },
    ]),
  );
  return {
    list: () => [...workspace.list(), ...entries.values()],
    get: (name) => entries.get(name) ?? workspace.get(name),
    reload: async (name) => entries.get(name) ?? workspace.reload(name),
    shutdown: async (name) => {
      if (!entries.has(name)) await workspace.shutdown(name);
    },
    subscribe: (handler) => workspace.subscribe(handler),
    close: () => workspace.close(),
  };
}
