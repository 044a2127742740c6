import { createHash } from "node:crypto";
import type { CodeLocationSpec } from "@dagster-operator/engine/resources";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject, Resource } from "../kube/object.ts";
import { CONFIG_MAP, SECRET } from "../kube/resources.ts";
import type { Informers } from "../runtime/informers.ts";
import { environmentSources } from "./pod-template.ts";

interface Content extends KubeObject {
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
}

/**
 * Checksums of the ConfigMaps and Secrets that pods take their environment from. Their metadata is watched, their content is
 * read when its version is new, and only a hash of it is kept.
 */
export class EnvironmentChecksums {
  readonly #client: KubeClient;
  readonly #caches: { resource: Resource; cache: Informers<KubeObject> }[];
  readonly #hashes = new Map<string, { version: string; hash: string }>();

  constructor(client: KubeClient, configMaps: Informers<KubeObject>, secrets: Informers<KubeObject>) {
    this.#client = client;
    this.#caches = [
      { resource: CONFIG_MAP, cache: configMaps },
      { resource: SECRET, cache: secrets },
    ];
    for (const { resource, cache } of this.#caches)
      cache.onChange((object, before) => {
        if (object === null && before !== null)
          this.#hashes.delete(idOf(resource, before.metadata.namespace ?? "", before.metadata.name));
      });
  }

  /** "" when the environment comes from none. */
  async of(namespace: string, spec: CodeLocationSpec): Promise<string> {
    const { configMaps, secrets } = environmentSources(spec);
    const wanted = [configMaps, secrets];
    const parts: string[] = [];
    for (const [at, { resource, cache }] of this.#caches.entries())
      for (const name of wanted[at] ?? [])
        parts.push(`${resource.kind}/${name}=${await this.#hash(resource, cache, namespace, name)}`);
    return parts.length === 0 ? "" : sha256(parts.join("\n")).slice(0, 16);
  }

  async #hash(
    resource: Resource,
    cache: Informers<KubeObject>,
    namespace: string,
    name: string,
  ): Promise<string> {
    const version = cache.get(`${namespace}/${name}`)?.metadata.resourceVersion;
    if (version === undefined) return "absent";
    const id = idOf(resource, namespace, name);
    const known = this.#hashes.get(id);
    if (known?.version === version) return known.hash;
    const object = await this.#client.find<Content>(resource, namespace, name);
    if (object === null) return "absent";
    const content = { ...object.data, ...object.binaryData };
    const hash = sha256(JSON.stringify(Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1))));
    this.#hashes.set(id, { version, hash });
    return hash;
  }
}

const idOf = (resource: Resource, namespace: string, name: string) => `${resource.kind}/${namespace}/${name}`;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
