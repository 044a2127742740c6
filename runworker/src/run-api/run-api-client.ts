import {
  type Clock,
  Conflict,
  Control,
  HeldSlots,
  PostEventsReply,
  type PostStep,
  type SlotRequest,
  StepState,
  systemClock,
  Unavailable,
} from "@dagster-operator/engine";
import {
  RunContext,
  RunEvent,
  type RunServices,
  StepRequest,
  type StepResult,
} from "@dagster-operator/sdk/internal";
import { z } from "zod";
import { HttpExchange } from "./http-exchange.ts";

/** The run API no longer takes this worker: bad token, a newer attempt, or the run has ended. Stop at once. */
export class Fenced extends Conflict {
  override name = "Fenced";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const REQUEST_MS = 30_000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5_000;
const Latest = z.object({ event: RunEvent.nullable() });
const Refusal = z.object({ error: z.string() });
const Keys = z.object({ keys: z.array(z.string()) });

export interface RunApiOptions {
  url: string;
  token: string;
  runId: string;
  /** How long a request other than `postEvents` is repeated while the API is away (ms). */
  giveUpMs: number;
  clock?: Clock;
  random?: () => number;
}

/** Milliseconds to wait before try `n` (from 1): exponential from 100 ms to 5 s, the upper half of it at random. */
export function backoff(n: number, random: () => number = Math.random): number {
  const full = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (n - 1));
  return full / 2 + (random() * full) / 2;
}

/** The run API as one worker sees it. All times are milliseconds. */
export class RunApiClient implements RunServices {
  readonly #http: HttpExchange;
  readonly #root: string;
  readonly #options: Required<RunApiOptions>;

  constructor(options: RunApiOptions) {
    this.#options = { clock: systemClock, random: Math.random, ...options };
    this.#http = new HttpExchange(options.url, options.token);
    this.#root = `runs/${encodeURIComponent(options.runId)}`;
  }

  async context(): Promise<RunContext> {
    return RunContext.parse(await this.#persist("GET", "", {}));
  }

  /** One try. `lines` are JSON texts of `{seq, event}`. @throws Unavailable · Fenced */
  async postEvents(producer: string, lines: string[]): Promise<PostEventsReply> {
    return PostEventsReply.parse(await this.#once("POST", "/events", { body: eventsBody(producer, lines) }));
  }

  /** As `postEvents`, repeated until it is stored. With no lines: asks what is stored of this producer. */
  async resendEvents(producer: string, lines: string[]): Promise<PostEventsReply> {
    return PostEventsReply.parse(
      await this.#persist("POST", "/events", { body: eventsBody(producer, lines) }),
    );
  }

  /** Repeats until it is stored. */
  async appendLog(
    logKey: string,
    stream: "out" | "err",
    offset: number,
    data: Uint8Array,
    signal?: AbortSignal,
  ): Promise<void> {
    const path = `/logs/${encodeURIComponent(logKey)}/${stream}?offset=${offset}`;
    await this.#persist("POST", path, { body: data, contentType: "application/octet-stream", signal });
  }

  /** Answers when something changed, or after `waitSeconds` (at most 30). One try. */
  async control(waitSeconds: number, signal: AbortSignal): Promise<Control> {
    const timeoutMs = waitSeconds * 1000 + 10_000;
    return Control.parse(await this.#once("GET", `/control?wait=${waitSeconds}`, { timeoutMs, signal }));
  }

  /** Answers when one of the slots is held, or after `waitSeconds` (at most 30). One try. @throws Unavailable · Fenced */
  async slots(slots: SlotRequest[], waitSeconds: number, signal: AbortSignal): Promise<HeldSlots> {
    const body = JSON.stringify({ slots, wait: waitSeconds });
    const timeoutMs = waitSeconds * 1000 + 10_000;
    return HeldSlots.parse(await this.#once("POST", "/slots", { body, timeoutMs, signal }));
  }

  async requestStep(step: PostStep): Promise<void> {
    await this.#persist("POST", "/steps", { body: JSON.stringify(step) });
  }

  async stepRequest(stepKey: string, stepAttempt: number): Promise<StepRequest> {
    return StepRequest.parse(await this.#persist("GET", stepPath(stepKey, stepAttempt), {}));
  }

  /** Answers when the step ends, or after `waitSeconds` (at most 30). One try. */
  async stepState(
    stepKey: string,
    stepAttempt: number,
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<StepState> {
    const path = `${stepPath(stepKey, stepAttempt)}/result?wait=${waitSeconds}`;
    return StepState.parse(await this.#once("GET", path, { timeoutMs: waitSeconds * 1000 + 10_000, signal }));
  }

  /** Repeated until it is stored; the first result counts. */
  async finishStep(stepKey: string, stepAttempt: number, result: StepResult): Promise<void> {
    await this.#persist("POST", `${stepPath(stepKey, stepAttempt)}/result`, { body: JSON.stringify(result) });
  }

  async latestMaterialization(
    asset: string[],
    partition?: string,
  ): Promise<Extract<RunEvent, { type: "ASSET_MATERIALIZATION" }> | null> {
    const query = partition === undefined ? "" : `?partition=${encodeURIComponent(partition)}`;
    const key = asset.map(encodeURIComponent).join("/");
    const { event } = Latest.parse(await this.#persist("GET", `/assets/${key}/latest${query}`, {}));
    return event?.type === "ASSET_MATERIALIZATION" ? event : null;
  }

  async dynamicPartitions(name: string): Promise<string[]> {
    return Keys.parse(await this.#persist("GET", `/dynamic-partitions/${encodeURIComponent(name)}`, {})).keys;
  }

  addDynamicPartitions(name: string, keys: string[]): Promise<void> {
    return this.#changePartitions(name, { add: keys, delete: [] });
  }

  deleteDynamicPartitions(name: string, keys: string[]): Promise<void> {
    return this.#changePartitions(name, { add: [], delete: keys });
  }

  close(): void {
    this.#http.close();
  }

  async #changePartitions(name: string, change: { add: string[]; delete: string[] }): Promise<void> {
    await this.#persist("POST", `/dynamic-partitions/${encodeURIComponent(name)}`, {
      body: JSON.stringify(change),
    });
  }

  async #persist(method: "GET" | "POST", path: string, options: SendOptions): Promise<unknown> {
    const { clock, giveUpMs, random } = this.#options;
    const deadline = clock.now() + giveUpMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(method, path, options);
      } catch (error) {
        if (!(error instanceof Unavailable) || options.signal?.aborted || clock.now() >= deadline)
          throw error;
        await clock.sleep(backoff(attempt, random), options.signal);
      }
    }
  }

  async #once(
    method: "GET" | "POST",
    path: string,
    { timeoutMs = REQUEST_MS, ...rest }: SendOptions,
  ): Promise<unknown> {
    const reply = await this.#http.send({ method, path: this.#root + path, timeoutMs, ...rest });
    const { status, text } = reply;
    const answer = text === "" ? null : parse(text);
    if (status >= 200 && status < 300 && answer !== undefined) return answer;
    const said = Refusal.safeParse(answer).data?.error;
    const from = `${method} ${this.#root}${path} answered ${status}`;
    if (said === undefined) {
      // Another has the address, or had it while the Service was made: a kept connection would lead there for good.
      this.#http.close();
      throw new Unavailable(`${from}, not as the run API does: ${text.slice(0, 200) || "no body"}`);
    }
    const reason = `${from}: ${said}`;
    if (status === 401 || status === 409 || status === 410) throw new Fenced(status, reason);
    if (status === 408 || status === 429 || status >= 500) throw new Unavailable(reason);
    throw new Error(`the run API refused a request of this worker: ${reason}`);
  }
}

const stepPath = (stepKey: string, stepAttempt: number) =>
  `/steps/${encodeURIComponent(stepKey)}/${stepAttempt}`;

interface SendOptions {
  body?: string | Uint8Array;
  contentType?: string;
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
}

function eventsBody(producer: string, lines: string[]): string {
  return `{"producer":${JSON.stringify(producer)},"events":[${lines.join(",")}]}`;
}

/** undefined: it is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
