/** "12,345", "0.0421", "1.2e-9": at most six significant decimals, grouped. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return value.toLocaleString();
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e15) return value.toExponential(4);
  return value.toLocaleString(undefined, { maximumFractionDigits: size >= 100 ? 2 : size >= 1 ? 4 : 6 });
}

/** A whole number of any length, grouped: GraphQL's own integers end at 2^31. */
export function formatInteger(text: string): string {
  return /^-?\d+$/.test(text) ? BigInt(text).toLocaleString() : text;
}

/** As short as an axis wants it: "12,000", "1.5M", "2e-12". */
export function axisNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-4) return String(Number(value.toPrecision(3)));
  if (size < 1e6) return formatNumber(value);
  if (size >= 1e15) return value.toExponential(1);
  return value.toLocaleString(undefined, { notation: "compact", maximumFractionDigits: 2 });
}
