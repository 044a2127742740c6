/** Keeps a running system to what workspace.yaml and the manifests say, as they change. */
import { isDeepStrictEqual } from "node:util";
import type { AppliedManifests } from "../manifests/apply.ts";
import { type Chosen, chooseLocations, type LocationFlags } from "../workspace/flags.ts";
import type { ListedWorkspace } from "../workspace/listed-workspace.ts";
import { absolute } from "../workspace/location.ts";
import { watchList } from "./watch-list.ts";

/** How often a broken list is read again: what mends it may be a file that it names (ms). */
const AGAIN_MS = 1_000;

export interface FollowOptions {
  /** With the defaults of the folder, as the system started with. */
  flags: LocationFlags;
  cwd: string;
  chosen: Chosen;
  workspace: ListedWorkspace;
  manifests: AppliedManifests;
  /** A note for a person. */
  tell: (note: string) => void;
}

/** A list that cannot be read is shown as a problem, and what was loaded before goes on. Returns the end of following. */
export function followList({ flags, cwd, chosen, workspace, manifests, tell }: FollowOptions): () => void {
  const lists = [...(flags.workspace ?? []), ...(flags.manifests ?? [])];
  let current = chosen;
  let again: NodeJS.Timeout | undefined;
  let turn: Promise<void> = Promise.resolve();
  let ended = false;
  const read = async () => {
    clearTimeout(again);
    if (ended) return;
    let next: Chosen;
    try {
      next = chooseLocations(flags, cwd);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      workspace.report({
        name: lists.join(", ") || (flags.envFile ?? ""),
        message: `${message}\nWhat was loaded before goes on until this is corrected.`,
      });
      again = setTimeout(look, AGAIN_MS).unref();
      return;
    }
    workspace.report(null);
    const before = current;
    current = next;
    for (const note of next.notes) if (!before.notes.includes(note)) tell(note);
    if (!isDeepStrictEqual(listed(before), listed(next)))
      await workspace.update(next.locations, next.manifests?.extra ?? new Map());
    if (!ended && next.manifests) manifests.apply(next.manifests);
  };
  const look = () => {
    turn = turn.then(read);
  };
  const paths = () =>
    [
      ...lists,
      ...current.locations.flatMap((spec) =>
        spec.kind === "typescript" && spec.envFile !== undefined ? [spec.envFile] : [],
      ),
    ].map((path) => absolute(path, cwd));
  const unwatch = watchList(paths, look);
  // They may have changed since the system began to start.
  look();
  return () => {
    ended = true;
    clearTimeout(again);
    unwatch();
  };
}

const listed = ({ locations, manifests }: Chosen) => [locations, manifests?.extra ?? new Map()];
