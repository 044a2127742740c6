import pg from "pg";

/** One connection that LISTENs, and comes back when it is lost: after 0.1 s, then twice as long each time, up to 5 s. */
export class PostgresListener {
  readonly #config: pg.ClientConfig;
  readonly #channel: string;
  readonly #onPayload: (payload: string) => void;
  readonly #onLost: () => void;
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #delay = 100;
  #closed = false;

  constructor(
    config: pg.ClientConfig,
    channel: string,
    onPayload: (payload: string) => void,
    onLost: () => void,
  ) {
    this.#config = config;
    this.#channel = channel;
    this.#onPayload = onPayload;
    this.#onLost = onLost;
    void this.#connect();
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({ ...this.#config, keepAlive: true });
    this.#client = client;
    let over = false;
    const retry = () => {
      if (over) return;
      over = true;
      client.end().catch(() => undefined);
      if (this.#closed) return;
      this.#timer = setTimeout(() => void this.#connect(), this.#delay);
      this.#timer.unref();
      this.#delay = Math.min(this.#delay * 2, 5000);
    };
    client.on("error", retry);
    client.on("end", retry);
    client.on("notification", ({ payload }) => this.#onPayload(payload ?? ""));
    try {
      await client.connect();
      await client.query(`listen ${this.#channel}`);
      this.#delay = 100;
      this.#onLost();
    } catch {
      // The loop tries again; whoever needs the database meanwhile is told by their own statements.
      retry();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#client?.end().catch(() => undefined);
  }
}
