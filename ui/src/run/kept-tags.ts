/** What a re-execution takes over of its parent's tags: those of the user, and the partition. The system's are made anew. */
export function keptTags(
  tags: readonly { readonly key: string; readonly value: string }[],
): { key: string; value: string }[] {
  return tags
    .filter(({ key }) => key === "dagster/partition" || !/^(dagster\/|\.)/.test(key))
    .map(({ key, value }) => ({ key, value }));
}
