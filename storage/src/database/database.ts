/** What the storage needs of a database; PGlite and Postgres behind it answer the same SQL alike. */
export interface Session {
  /**
   * Rows of one statement. bigint comes as number, json and jsonb parsed, double precision as number.
   * JSON parameters are passed as text made by `json()`, lists as arrays of strings or numbers.
   */
  rows<Row>(sql: string, params?: readonly Parameter[]): Promise<Row[]>;
}

export type Parameter = string | number | boolean | null | readonly (string | number | null)[];

export interface Database extends Session {
  /**
   * Commits when `work` resolves. Deadlocks are tried again, so `work` may run more than once. Do not use the database
   * itself inside `work`: an embedded one has a single session. `shared` is an advisory lock taken with the begin.
   */
  transaction<T>(work: (session: Session) => Promise<T>, shared?: readonly [number, number]): Promise<T>;
  /** Statements without parameters, several at once; for migrations, inside a transaction of its own. */
  migrate<T>(work: (session: Session & { script(sql: string): Promise<void> }) => Promise<T>): Promise<T>;
  /** Payloads of NOTIFY on the channel `dagster_operator`. `onLost` is called when some may have been missed: once it listens, and each time that it does so again. */
  listen(onPayload: (payload: string) => void, onLost: () => void): void;
  /** Makes room of deleted rows usable again, where nothing does that by itself. */
  vacuum(): Promise<void>;
  close(): Promise<void>;
}

export const NOTIFY_CHANNEL = "dagster_operator";

/** Milliseconds since the epoch by the database's clock, which all processes share. */
export const NOW = "(extract(epoch from clock_timestamp()) * 1000)::double precision";
