/** An asset's key as a list of parts. */
export type AssetPath = readonly string[];

/** "a/b": what a person reads and types. */
export function keyText(path: AssetPath): string {
  return path.join("/");
}

/** The key as the rest of a URL path; a slash within a part survives. */
export function keyToUrl(path: AssetPath): string {
  return path.map((part) => part.replaceAll("%", "%25").replaceAll("/", "%2F")).join("/");
}

export function keyFromUrl(rest: string): string[] {
  return rest.split("/").map((part) => part.replaceAll("%2F", "/").replaceAll("%25", "%"));
}
