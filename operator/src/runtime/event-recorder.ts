import { createHash } from "node:crypto";
import type { KubeClient } from "../kube/client.ts";
import { isNotFound } from "../kube/client.ts";
import type { KubeObject, Resource } from "../kube/object.ts";

const EVENT: Resource = { apiVersion: "v1", kind: "Event", plural: "events" };
const COMPONENT = "dagster-operator";
/** After this the API server has forgotten the Event, and a new one is made. */
const REMEMBER_MS = 50 * 60_000;
const MAX_REMEMBERED = 4096;

interface Recorded {
  count: number;
  first: string;
  at: number;
}

/**
 * Writes Events on objects, so that `kubectl describe` tells what happened. The same reason and message on the same object
 * raises a count instead of making another Event. A fault in writing is handed to `onFault` and never stops a reconcile.
 */
export class EventRecorder {
  readonly #client: KubeClient;
  readonly #instance: string;
  readonly #onFault: (error: unknown) => void;
  readonly #recorded = new Map<string, Recorded>();

  constructor(client: KubeClient, instance: string, onFault: (error: unknown) => void) {
    this.#client = client;
    this.#instance = instance;
    this.#onFault = onFault;
  }

  /** `reason` is one CamelCase word, `message` a sentence for people. */
  async record(
    object: KubeObject,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
  ): Promise<void> {
    const { metadata } = object;
    const id = createHash("sha256")
      .update(JSON.stringify([metadata.uid, type, reason, message]))
      .digest("hex")
      .slice(0, 16);
    const name = `${metadata.name.slice(0, 200)}.${id}`;
    const namespace = metadata.namespace ?? "default";
    const now = new Date();
    const known = this.#recorded.get(id);
    const recorded: Recorded =
      known && now.getTime() - known.at < REMEMBER_MS
        ? { ...known, count: known.count + 1, at: now.getTime() }
        : { count: 1, first: now.toISOString(), at: now.getTime() };
    this.#remember(id, recorded);
    try {
      const counted = { count: recorded.count, lastTimestamp: now.toISOString() };
      if (recorded.count > 1) {
        try {
          await this.#client.merge(EVENT, namespace, name, counted);
          return;
        } catch (error) {
          if (!isNotFound(error)) throw error; // the API server forgot it: write it anew
        }
      }
      await this.#client.apply(EVENT, {
        metadata: { name, namespace },
        involvedObject: {
          apiVersion: object.apiVersion,
          kind: object.kind,
          name: metadata.name,
          namespace,
          uid: metadata.uid,
          resourceVersion: metadata.resourceVersion,
        },
        type,
        reason,
        message: message.slice(0, 1024),
        firstTimestamp: recorded.first,
        ...counted,
        source: { component: COMPONENT },
        reportingComponent: COMPONENT,
        reportingInstance: this.#instance,
      });
    } catch (error) {
      this.#onFault(error);
    }
  }

  #remember(id: string, recorded: Recorded): void {
    this.#recorded.delete(id);
    this.#recorded.set(id, recorded);
    const oldest = this.#recorded.keys().next().value;
    if (this.#recorded.size > MAX_REMEMBERED && oldest !== undefined) this.#recorded.delete(oldest);
  }
}
