/** Follows one captured stream by byte offset; keeps the last `keep` bytes of text. */
export class LogTail {
  readonly lines: string[] = [];
  /** Bytes before the first kept one, when the beginning was left out. */
  skipped = 0;
  #offset: number | null = null;
  #partial = "";
  readonly #decoder = new TextDecoder();
  readonly #url: string;
  readonly #first: number;
  readonly #keepLines: number;

  constructor(url: string, options: { tailBytes?: number; keepLines?: number } = {}) {
    this.#url = url;
    this.#first = options.tailBytes ?? 1_000_000;
    this.#keepLines = options.keepLines ?? 200_000;
  }

  /** Reads what is new; how many bytes that were, or null when there is no such log. */
  async read(signal: AbortSignal): Promise<number | null> {
    const asked = this.#offset ?? -this.#first;
    const response = await fetch(`${this.#url}?offset=${asked}`, { signal });
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`The log cannot be read: the server answered ${response.status}.`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const start = Number(response.headers.get("x-log-offset") ?? Math.max(asked, 0));
    if (this.#offset === null) this.skipped = start;
    this.#offset = start + bytes.length;
    this.push(this.#decoder.decode(bytes, { stream: true }));
    return bytes.length;
  }

  push(text: string): void {
    const parts = (this.#partial + text).split("\n");
    this.#partial = parts.pop() ?? "";
    for (const part of parts) this.lines.push(overwritten(part));
    if (this.lines.length > this.#keepLines) this.lines.splice(0, this.lines.length - this.#keepLines);
  }

  /** The last line while it has no end yet. */
  get pending(): string {
    return this.#partial;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with ESC
const ANSI = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** Without terminal colours and cursor movements. */
export function plain(line: string): string {
  return line.replace(ANSI, "");
}

/** What a terminal would show of a line in which a carriage return goes back to its start. */
function overwritten(line: string): string {
  const whole = line.endsWith("\r") ? line.slice(0, -1) : line;
  return whole.slice(whole.lastIndexOf("\r") + 1);
}
