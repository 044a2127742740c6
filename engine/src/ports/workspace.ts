import type { DefinitionsSnapshot, ErrorInfo } from "@dagster-operator/sdk/internal";
import type { CodeLocation } from "./code-location.ts";

export interface LocationEntry {
  name: string;
  state: "LOADING" | "LOADED" | "ERROR" | "SHUTDOWN";
  /** The newest that loaded; kept, and marked by `state`, while a later version fails to load. */
  snapshot: DefinitionsSnapshot | null;
  /** Why it does not load. Of one that is LOADED: why a later version of it does not, while this one serves. */
  error: ErrorInfo | null;
  /** Milliseconds since the epoch of the last change of state. */
  updatedAt: number;
  /** What a person would recognise: file, module, image, host. */
  source: Record<string, string>;
  /** Pins the code for runs submitted now: an image, or the definitions hash. */
  codeVersion: string | null;
  /** Schedules and sensors that an object switches, and nobody else: see `heldBy`. */
  held?: Readonly<Record<string, string>> | undefined;
  /** null while nothing serves. */
  code: CodeLocation | null;
}

/** The list of code locations and their latest definitions. Adapters: command line, workspace.yaml, custom resources. */
export interface Workspace {
  list(): LocationEntry[];
  get(name: string): LocationEntry | null;
  /** Loads again and resolves when that ended, well or not. @throws NotFound */
  reload(name: string): Promise<LocationEntry>;
  /** Stops its server; the entry stays as SHUTDOWN. @throws NotFound */
  shutdown(name: string): Promise<void>;
  /** Called after every change of any entry. Returns the unsubscriber. */
  subscribe(handler: (entry: LocationEntry) => void): () => void;
  close(): Promise<void>;
}
