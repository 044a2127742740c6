/** "1 run", "1,204 runs". */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString()} ${nounOf(count, noun)}`;
}

/** The noun as it stands after a count. */
export function nounOf(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}
