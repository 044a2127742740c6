/** How well `query` fits `text`: lower is better, null is not at all. Exact, then prefix, then word start, then anywhere, then letters in order. */
export function rank(query: string, text: string): number | null {
  const q = query.toLowerCase();
  const t = text.toLowerCase();
  if (q === "") return 50;
  if (t === q) return 0;
  if (t.startsWith(q)) return 1 + t.length / 1000;
  const at = t.indexOf(q);
  if (at > 0) return (/[\W_]/.test(t[at - 1] ?? "") ? 10 : 20) + t.length / 1000;
  let from = 0;
  for (const letter of q) {
    from = t.indexOf(letter, from) + 1;
    if (from === 0) return null;
  }
  return q.length > 2 ? 30 + t.length / 1000 : null;
}

/** The best `limit` of `items`. */
export function best<T>(query: string, items: readonly T[], textOf: (item: T) => string, limit: number): T[] {
  const found: { item: T; score: number }[] = [];
  for (const item of items) {
    const score = rank(query, textOf(item));
    if (score !== null) found.push({ item, score });
  }
  return found
    .sort((a, b) => a.score - b.score)
    .slice(0, limit)
    .map(({ item }) => item);
}
