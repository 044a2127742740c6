import type { KubeClient } from "./client.ts";
import { KubeError } from "./client.ts";
import type { KubeObject, Resource } from "./object.ts";
import { pathOf } from "./object.ts";

export type WatchEvent<T> =
  | { type: "ADDED" | "MODIFIED" | "DELETED"; object: T }
  | { type: "BOOKMARK"; object: KubeObject };

/** Seconds after which the server ends a watch; a connection that died unnoticed is found out by then at the latest. */
const WATCH_SECONDS = 240;

/**
 * Events of a collection after `resourceVersion`, until the server ends the watch (returns) or something breaks (throws).
 * @throws KubeError 410 when the version is too old: list again
 */
export async function* watch<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  options: {
    namespace?: string | undefined;
    labelSelector?: string | undefined;
    resourceVersion: string;
    accept?: string | undefined;
    signal: AbortSignal;
  },
): AsyncGenerator<WatchEvent<T>> {
  const { namespace, signal, accept, ...query } = options;
  const spec = {
    method: "GET",
    path: pathOf(resource, namespace),
    query: { ...query, watch: true, allowWatchBookmarks: true, timeoutSeconds: WATCH_SECONDS },
    accept,
    signal,
  } as const;
  const response = await client.open(spec, (WATCH_SECONDS + 30) * 1000);
  const status = response.statusCode ?? 0;
  try {
    if (status !== 200)
      throw new KubeError(
        status,
        status === 410 ? "Expired" : "Unknown",
        `watch of ${resource.plural} answered ${status}`,
      );
    for await (const line of linesOf(response)) {
      const event = JSON.parse(line) as
        | WatchEvent<T>
        | { type: "ERROR"; object: { code?: number; reason?: string; message?: string } };
      if (event.type === "ERROR") {
        const { code = 500, reason = "Unknown", message = "" } = event.object;
        throw new KubeError(code, reason, `watch of ${resource.plural}: ${message}`);
      }
      yield event;
    }
  } finally {
    response.destroy();
  }
}

// Not node:readline: it does not pass on an error of its input, so a broken connection would look like a quiet end.
async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line !== "");
  }
}
