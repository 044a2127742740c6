import { isNotFound, type KubeClient } from "../kube/client.ts";
import type { KubeObject, Resource } from "../kube/object.ts";

/** The object with the finalizer. The version is given because a merge patch replaces the list: another's must not go. */
export async function hold<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  object: T,
  finalizer: string,
): Promise<T> {
  const { name, namespace, finalizers = [], resourceVersion } = object.metadata;
  if (finalizers.includes(finalizer)) return object;
  const metadata = { finalizers: [...finalizers, finalizer], resourceVersion };
  return client.merge<T>(resource, namespace, name, { metadata });
}

/** @throws KubeError 409 somebody changed it since it was read */
export async function release(
  client: KubeClient,
  resource: Resource,
  { metadata }: KubeObject,
  finalizer: string,
): Promise<void> {
  const { name, namespace, finalizers = [], resourceVersion } = metadata;
  if (!finalizers.includes(finalizer)) return;
  const rest = finalizers.filter((each) => each !== finalizer);
  try {
    await client.merge(resource, namespace, name, { metadata: { finalizers: rest, resourceVersion } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
