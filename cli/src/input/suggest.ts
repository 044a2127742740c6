/** The candidate that a person most likely meant, or null when none is near. */
function nearest(wrong: string, candidates: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(wrong.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wrong.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** ` Did you mean "x"?`, or ` Known: a, b, c.` when nothing is near and the list is short; with a leading space. */
export function hint(wrong: string, candidates: Iterable<string>): string {
  // Names that begin so are the system's own; one that several locations have is said once.
  const all = [...new Set(candidates)].filter((name) => !name.startsWith("__"));
  const near = nearest(wrong, all);
  if (near !== null) return ` Did you mean "${near}"?`;
  if (all.length === 0) return "";
  return ` Known: ${all.slice(0, 12).join(", ")}${all.length > 12 ? ", …" : ""}.`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitute, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
