/** "12,345", "0.0421", "1.2e-9": at most six significant decimals, grouped. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return value.toLocaleString();
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e15) return value.toExponential(4);
  return value.toLocaleString(undefined, { maximumFractionDigits: size >= 100 ? 2 : size >= 1 ? 4 : 6 });
}
