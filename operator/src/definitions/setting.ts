import type { LocationEntry, Storage, Workspace } from "@dagster-operator/engine";
import type { CodeLocationObject } from "../code-location/decide.ts";
import { locationName } from "../code-location/names.ts";
import type { ClaimIndex, DefinitionCaches } from "./claim-index.ts";
import type { Claim } from "./claims.ts";
import type { DefinitionKind } from "./objects.ts";
import type { Teller } from "./teller.ts";
import { type Validity, validityOf } from "./validity.ts";

/** What the reconcilers of Jobs, Schedules and Sensors work with. */
export interface Setting {
  locations: { get(key: string): CodeLocationObject | undefined };
  caches: DefinitionCaches;
  index: ClaimIndex;
  storage: Storage;
  workspace: Workspace;
  teller: Teller;
  /** The operator's namespace. */
  home: string;
  now: () => number;
}

/** While what is served is not yet of the objects as they are. */
export const SOON_MS = 2_000;
/** Wake-ups may be lost. */
export const RESYNC_MS = 300_000;

export interface Look {
  claim: Claim;
  /** Name in the page. */
  location: string;
  entry: LocationEntry | null;
  /** null: there is more to say in a moment. */
  validity: Validity | null;
}

/** What is known of an object; undefined: there is none. */
export function look(setting: Setting, kind: DefinitionKind, key: string): Look | undefined {
  const claim = setting.index.find(kind, key);
  if (claim === undefined) return undefined;
  const namespace = claim.object.metadata.namespace ?? "";
  const codeLocation = claim.codeLocation ?? "";
  const location = locationName({ name: codeLocation, namespace }, setting.home);
  const entry = setting.workspace.get(location);
  const extraHash = setting.index.extraHash(namespace, codeLocation);
  const starting = entry
    ? entry.state === "LOADING" && entry.snapshot === null
    : setting.locations.get(`${namespace}/${codeLocation}`) !== undefined;
  // What was told before this operator came, or while the code starts, is not taken back for a moment.
  const told = setting.caches[kind].get(key)?.status?.conditions !== undefined;
  const validity = starting && told ? null : validityOf(claim, location, entry, extraHash);
  return { claim, location, entry, validity };
}
