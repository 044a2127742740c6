/** What the webserver reads and writes. It may come later than the first request: see `ServiceGate`. */
import { type ComputeLog, type Storage, Unavailable, type Workspace } from "@dagster-operator/engine";

export interface Services {
  storage: Storage;
  workspace: Workspace;
  computeLog: ComputeLog;
  /** Signs run tokens: `storage.setting("token_secret", …)`. */
  tokenSecret: string;
}

/** Requests that come while the system starts wait for it, so that the first page needs no reload. */
export class ServiceGate {
  #services: Services | undefined;
  #failure: unknown;
  readonly #ready: Promise<Services>;
  readonly #patienceMs: number;

  /** `patienceMs`: how long a request waits, default 30 s. */
  constructor(services: Services | Promise<Services>, patienceMs = 30_000) {
    this.#patienceMs = patienceMs;
    this.#ready = Promise.resolve(services);
    this.#ready.then(
      (ready) => {
        this.#services = ready;
      },
      (error: unknown) => {
        this.#failure = error;
      },
    );
  }

  /** null while the system starts. */
  get now(): Services | null {
    return this.#services ?? null;
  }

  /** @throws Unavailable the system does not come up in time, or could not start */
  async get(): Promise<Services> {
    if (this.#services) return this.#services;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Unavailable("the system is still starting: try again in a moment")),
        this.#patienceMs,
      );
    });
    try {
      return await Promise.race([this.#ready, late]);
    } catch (error) {
      if (error !== this.#failure || error instanceof Unavailable) throw error;
      throw new Unavailable(
        `the system could not start: ${error instanceof Error ? error.message : String(error)}`,
      );
    } finally {
      clearTimeout(timer);
    }
  }
}
