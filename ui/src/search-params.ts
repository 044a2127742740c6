/** Reads one search parameter of the URL; anything malformed counts as absent, so that an old link never breaks a page. */
export function text(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}
export function list(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) {
    const one = text(value);
    return one === undefined ? undefined : [one];
  }
  const items = value.map(text).filter((v) => v !== undefined);
  return items.length > 0 ? items : undefined;
}
export function oneOf<T extends string>(value: unknown, choices: readonly T[]): T | undefined {
  return choices.find((choice) => choice === value);
}
export function someOf<T extends string>(value: unknown, choices: readonly T[]): T[] | undefined {
  const items = list(value)?.filter((v): v is T => (choices as readonly string[]).includes(v));
  return items?.length ? items : undefined;
}
export function whole(value: unknown): number | undefined {
  const n = Number(value);
  return value !== undefined && value !== "" && Number.isInteger(n) && n >= 0 ? n : undefined;
}

/** Without the absent ones: every search parameter is optional, and none shows in the URL as undefined. */
export function present<T extends object>(values: T): { [K in keyof T]?: T[K] } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: T[K];
  };
}
