import type { KubeClient } from "../kube/client.ts";
import { type KubeObject, keyOf, type Resource } from "../kube/object.ts";
import type { Informers } from "../runtime/informers.ts";

interface Applied {
  wanted: string;
  version: string;
}

/** Objects that the operator makes: applied when they are not as they were left, whether we or somebody else changed that. */
export class Children {
  readonly #client: KubeClient;
  readonly #cache: Informers<KubeObject>;
  readonly #applied = new Map<string, Applied>();

  constructor(client: KubeClient, cache: Informers<KubeObject>) {
    this.#client = client;
    this.#cache = cache;
    cache.onChange((object, before) => {
      if (object === null && before !== null) this.#applied.delete(keyOf(before));
    });
  }

  get resource(): Resource {
    return this.#cache.resource;
  }

  async ensure(object: KubeObject): Promise<void> {
    const key = keyOf(object);
    const live = this.#cache.get(key);
    const wanted = JSON.stringify(object);
    const last = this.#applied.get(key);
    if (live && last?.wanted === wanted && last.version === versionOf(live)) return;
    const applied = await this.#client.apply(this.resource, object);
    this.#applied.set(key, { wanted, version: versionOf(applied) });
  }

  async remove(namespace: string, name: string): Promise<void> {
    if (this.#cache.get(`${namespace}/${name}`) === undefined) return;
    await this.#client.delete(this.resource, namespace, name);
  }
}

/** Changes with the spec; where a kind counts no generations, with anything. */
const versionOf = ({ metadata }: KubeObject): string =>
  `${metadata.uid}/${metadata.generation ?? metadata.resourceVersion}`;
