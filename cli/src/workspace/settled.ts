import type { LocationEntry, Workspace } from "@dagster-operator/engine";

/** Calls once for each location when it has loaded or failed to; resolves when all have. */
export function whenSettled(
  workspace: Workspace,
  each: (entry: LocationEntry) => void = () => undefined,
): Promise<void> {
  return new Promise((resolve) => {
    const waiting = new Set(workspace.list().map(({ name }) => name));
    let unsubscribe = () => {};
    const look = () => {
      for (const entry of workspace.list())
        if (entry.state !== "LOADING" && waiting.delete(entry.name)) each(entry);
      if (waiting.size > 0) return;
      unsubscribe();
      resolve();
    };
    unsubscribe = workspace.subscribe(look);
    look();
  });
}
