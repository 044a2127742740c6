// Postgres stores neither NUL nor half a surrogate pair, and a step may print both. JSON.stringify writes them, and
// nothing else, as these escapes; an even number of backslashes before one means that it is not an escape.
const UNSTORABLE = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g;

/** JSON text that Postgres takes; what it cannot store becomes U+FFFD. */
export function json(value: unknown): string {
  const text = JSON.stringify(value);
  return text.includes("\\u") ? text.replace(UNSTORABLE, "$1\ufffd") : text;
}

/** Text that Postgres takes. */
export function plain(text: string): string {
  return text.includes("\0") || !text.isWellFormed() ? text.toWellFormed().replaceAll("\0", "\ufffd") : text;
}

/** How an asset key is stored. */
export const assetKey = (path: readonly string[]): string => json(path);
export const assetPath = (key: string): string[] => JSON.parse(key);
