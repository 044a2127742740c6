import type { ErrorInfo, ExtraDefinitions } from "@dagster-operator/sdk/internal";

/** What to load from an image: the flags of a code server or run worker. */
export interface CodeToLoad {
  language: "typescript" | "python";
  file?: string | undefined;
  module?: string | undefined;
  attribute?: string | undefined;
  /** Default: the image's own. */
  workingDirectory?: string | undefined;
}

/** How runs of a location are run: made by the operator from the CodeLocation, read by its compute backend. */
export interface LocationTemplate {
  code: CodeToLoad;
  /** Resolved pod fields of runs and steps, in the names of `PodFields`: the location's own with its `runTemplate` over them. */
  pod: Record<string, unknown>;
  /** Seconds that an ended run's Job stays; absent: the installation's default. */
  ttlAfterSuccess?: number | undefined;
  ttlAfterFailure?: number | undefined;
  /** How often a lost worker is started again; absent: the installation's default. */
  infrastructureRetries?: number | undefined;
}

/** What Job, Schedule and Sensor objects make of a location, beside its code. */
export interface LocationObjects {
  extra: ExtraDefinitions;
  /** Pod fields of the runs of a job, by its name. */
  pods: Record<string, Record<string, unknown>>;
  /** Schedules and sensors that run or rest as their object's `spec.suspend` says: see `heldKey`. Values: `Schedule <namespace>/<name>`. */
  held: Record<string, string>;
}

/** A code location as the operator last saw it. */
export interface CodeLocationRow {
  /** The object's name, with `.<namespace>` where that is not the operator's own. */
  name: string;
  namespace: string;
  /** Name of the CodeLocation object in its namespace. */
  object: string;
  uid: string;
  /** Of the object, whose image and template these are: the version that serves, while a later one does not load. */
  generation: number;
  /** SERVING: some code server answers; `error` may then tell why a later version does not. */
  state: "SERVING" | "PAUSED" | "STARTING" | "ERROR";
  error: ErrorInfo | null;
  endpoint: { host: string; port: number } | null;
  image: string | null;
  /** Hash of the definitions that this version was last seen to serve. */
  definitionsHash: string | null;
  template: LocationTemplate;
  /** null: there are none. */
  objects: LocationObjects | null;
  /** Milliseconds since the epoch of the last change. */
  updatedAt: number;
}

/** The table by which webserver and daemon learn of code locations. The operator alone writes it. */
export interface LocationStorage {
  /** All, by name. */
  list(): Promise<CodeLocationRow[]>;
  get(name: string): Promise<CodeLocationRow | null>;
  /**
   * Writes the row, and wakes channel `location` (id: the name) if anything but `updatedAt` changed. Resolves true if so.
   * @throws Conflict another object's row has that name
   */
  put(row: Omit<CodeLocationRow, "updatedAt">, now: number): Promise<boolean>;
  /** Removes the row of that object, not of another of the same name; wakes `location`. Resolves true when it was there. */
  remove(name: string, uid: string): Promise<boolean>;
}
