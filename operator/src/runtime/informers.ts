import type { KubeObject, Resource } from "../kube/object.ts";
import { splitKey } from "../kube/object.ts";
import { type ChangeHandler, Informer, type InformerOptions } from "./informer.ts";

/** One collection in several namespaces (null: in all) as one cache. */
export class Informers<T extends KubeObject> {
  readonly resource: Resource;
  readonly #all: Informer<T>[];
  readonly #byNamespace: Map<string, Informer<T>> | null;

  constructor(namespaces: readonly string[] | null, options: Omit<InformerOptions<T>, "namespace">) {
    this.resource = options.resource;
    if (namespaces === null) {
      this.#all = [new Informer(options)];
      this.#byNamespace = null;
    } else {
      this.#byNamespace = new Map(
        namespaces.map((namespace) => [namespace, new Informer({ ...options, namespace })]),
      );
      this.#all = [...this.#byNamespace.values()];
    }
  }

  onChange(handler: ChangeHandler<T>): void {
    for (const informer of this.#all) informer.onChange(handler);
  }

  /** `namespace/name`. */
  get(key: string): T | undefined {
    const informer = this.#byNamespace ? this.#byNamespace.get(splitKey(key).namespace) : this.#all[0];
    return informer?.get(key);
  }

  list(): T[] {
    return this.#all.flatMap((informer) => informer.list());
  }

  get synced(): Promise<void> {
    return Promise.all(this.#all.map(({ synced }) => synced)).then(() => undefined);
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all.map((informer) => informer.run(signal)));
  }
}
