import { systemClock } from "@dagster-operator/engine";
import type { KubeClient } from "../kube/client.ts";
import { isExpired, KubeError } from "../kube/client.ts";
import { type KubeObject, keyOf, type Resource } from "../kube/object.ts";
import { watch } from "../kube/watch.ts";

export interface InformerOptions<T extends KubeObject> {
  client: KubeClient;
  resource: Resource;
  /** Absent = all namespaces. */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  /** Asks for metadata alone: of Secrets and ConfigMaps, whose content is only read when it is needed. */
  metadataOnly?: boolean | undefined;
  /** Keeps less of an object in memory; `managedFields` is always dropped. */
  trim?: (object: T) => T;
  /** A list or watch broke; it is tried again after `retryMs`. */
  onFault?: (error: unknown, retryMs: number) => void;
}

export type ChangeHandler<T> = (object: T | null, before: T | null) => void;

const PARTIAL = "g=meta.k8s.io;v=v1";
const PAGE = 500;
const MAX_RETRY_MS = 30_000;

/**
 * A cache of one collection that follows the API server: list, then watch with bookmarks from that version, and from the last
 * version seen after each break; when that version is gone (410) it lists again and tells of what appeared, changed and
 * vanished meanwhile. Handlers get level, not edges: each says only "look at this object again".
 */
export class Informer<T extends KubeObject> {
  readonly resource: Resource;
  readonly #options: InformerOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #handlers: ChangeHandler<T>[] = [];
  readonly #synced = Promise.withResolvers<void>();
  #listed = false;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.resource = options.resource;
  }

  /** Add handlers before `run`. `object` null = it is gone. */
  onChange(handler: ChangeHandler<T>): void {
    this.#handlers.push(handler);
  }

  /** The cached object; treat it as read-only. */
  get(key: string): T | undefined {
    return this.#objects.get(key);
  }
  list(): T[] {
    return [...this.#objects.values()];
  }
  get size(): number {
    return this.#objects.size;
  }
  /** Resolves after the first list. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Follows the collection until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    let version = "";
    for (let failures = 0; !signal.aborted; ) {
      try {
        if (version === "") version = await this.#relist(signal);
        for await (const event of watch<T>(this.#options.client, this.resource, {
          ...this.#where(),
          resourceVersion: version,
          accept: this.#accept("PartialObjectMetadata"),
          signal,
        })) {
          failures = 0;
          if (event.type === "BOOKMARK") version = event.object.metadata.resourceVersion ?? version;
          else {
            version = event.object.metadata.resourceVersion ?? version;
            this.#store(event.object, event.type === "DELETED");
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        if (isExpired(error)) {
          version = "";
          continue;
        }
        // A server that forgot a version may answer 500 or 400 for it; after a few failures a list is the sure way.
        if (error instanceof KubeError && failures > 2) version = "";
        const retryMs = Math.min(200 * 2 ** failures++, MAX_RETRY_MS) * (0.5 + Math.random());
        this.#options.onFault?.(error, retryMs);
        await systemClock.sleep(retryMs, signal);
      }
    }
  }

  #where() {
    return { namespace: this.#options.namespace, labelSelector: this.#options.labelSelector };
  }

  #accept(as: string): string | undefined {
    return this.#options.metadataOnly ? `application/json;as=${as};${PARTIAL}` : undefined;
  }

  async #relist(signal: AbortSignal): Promise<string> {
    const { client, labelSelector, namespace } = this.#options;
    const seen = new Set<string>();
    let next: string | undefined;
    let version = "";
    do {
      signal.throwIfAborted();
      const page = await client.list<T>(
        this.resource,
        namespace,
        {
          limit: PAGE,
          ...(labelSelector !== undefined && { labelSelector }),
          ...(next !== undefined && { continue: next }),
        },
        this.#accept("PartialObjectMetadataList"),
        signal,
      );
      // An empty list of metadata comes as null.
      for (const object of page.items ?? []) {
        seen.add(keyOf(object));
        this.#store(object, false);
      }
      version = page.metadata.resourceVersion;
      next = page.metadata.continue || undefined;
    } while (next !== undefined);
    for (const [key, object] of this.#objects) if (!seen.has(key)) this.#store(object, true);
    if (!this.#listed) {
      this.#listed = true;
      this.#synced.resolve();
    }
    return version;
  }

  #store(given: T, gone: boolean): void {
    const key = keyOf(given);
    const before = this.#objects.get(key) ?? null;
    if (gone) {
      if (!this.#objects.delete(key)) return;
      for (const handler of this.#handlers) handler(null, before);
      return;
    }
    if (
      before?.metadata.resourceVersion === given.metadata.resourceVersion &&
      before?.metadata.uid === given.metadata.uid
    )
      return;
    delete given.metadata.managedFields;
    const object = this.#options.trim?.(given) ?? given;
    this.#objects.set(key, object);
    for (const handler of this.#handlers) handler(object, before);
  }
}
