const KINDS = new Set(["image/svg+xml", "image/png", "image/jpeg"]);

/** A picture as a data: URL for <img>, where scripts of an SVG never run; null for a kind that is not shown. */
export function imageUrl(mediaType: string, data: string): string | null {
  if (!KINDS.has(mediaType)) return null;
  if (mediaType === "image/svg+xml") return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(data)}`;
  return `data:${mediaType};base64,${data}`;
}
